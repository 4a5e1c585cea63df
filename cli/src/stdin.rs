//! Standard input for several targets: one thread reads it, and each target receives everything.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

/// Number of pieces that are read ahead of the slowest target of those that start at once.
const AHEAD: usize = 16;

/// Starts a thread that gives everything that `read` returns to each of `targets` receivers, which end with it.
///
/// The first `parallel` targets start at once. For those that start later, the pieces are kept in memory.
pub(crate) fn share<T: Clone + Send + 'static>(
    targets: usize,
    parallel: usize,
    mut read: impl FnMut() -> Option<T> + Send + 'static,
) -> io::Result<Vec<Receiver<T>>> {
    let (mut outlets, receivers): (Vec<_>, Vec<_>) = (0..targets)
        .map(|index| Outlet::new(index < parallel))
        .unzip();
    // Not joined: it may wait for input until the process ends.
    thread::Builder::new()
        .name("execnet-stdin".into())
        .spawn(move || {
            while !outlets.is_empty()
                && let Some(piece) = read()
            {
                // A target that has ended takes nothing.
                outlets.retain(|outlet| outlet.send(piece.clone()));
            }
        })?;
    Ok(receivers)
}

/// The way to a target.
enum Outlet<T> {
    Bounded(SyncSender<T>),
    Unbounded(Sender<T>),
}

impl<T> Outlet<T> {
    fn new(bounded: bool) -> (Self, Receiver<T>) {
        if bounded {
            let (sender, receiver) = mpsc::sync_channel(AHEAD);
            (Self::Bounded(sender), receiver)
        } else {
            let (sender, receiver) = mpsc::channel();
            (Self::Unbounded(sender), receiver)
        }
    }

    /// Whether the target still receives.
    fn send(&self, piece: T) -> bool {
        match self {
            Self::Bounded(sender) => sender.send(piece).is_ok(),
            Self::Unbounded(sender) => sender.send(piece).is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::{AHEAD, share};

    #[test]
    fn each_target_receives_everything_also_when_it_runs_later() {
        let mut left = 1000;
        let read = move || {
            left -= 1;
            (left > 0).then_some(left)
        };
        let receivers = share(3, 1, read).unwrap();
        for receiver in receivers {
            let received: Vec<_> = receiver.iter().collect();
            assert_eq!(received, (1..1000).rev().collect::<Vec<_>>());
        }
    }

    /// It was read to its end, however long, when some targets had to wait.
    #[test]
    fn an_endless_input_is_not_read_far_ahead_of_the_targets_that_run() {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let receivers = share(2, 1, move || Some(counter.fetch_add(1, Ordering::Relaxed))).unwrap();
        // The target that waits has received everything that has been read, but for the piece in between.
        let received = receivers[1].iter().take(AHEAD).count();
        assert_eq!(received, AHEAD);
        assert!(
            receivers[1]
                .recv_timeout(core::time::Duration::from_millis(100))
                .is_err()
        );
        assert!(read.load(Ordering::Relaxed) <= AHEAD + 1);
    }

    #[test]
    fn a_target_that_has_ended_does_not_stop_the_others() {
        let mut numbers = 0..1000;
        let mut receivers = share(2, 2, move || numbers.next()).unwrap();
        drop(receivers.remove(0));
        assert_eq!(receivers[0].iter().count(), 1000);
    }
}
