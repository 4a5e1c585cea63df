use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::interruptible::{Interruptible, Poller, Readable};
use super::{Readiness, Ready};

/// The [`Readiness`] of a link whose reader is a file descriptor: a pipe, or a socket.
///
/// It holds the descriptor, so that what is read from is closed only when both are dropped. A handle that both share is
/// best, as here:
///
/// ```
/// use std::fs::File;
/// use std::os::fd::OwnedFd;
/// use std::sync::Arc;
///
/// use execnet_core_sync::link::{Descriptor, Link, NoControl};
///
/// # fn example(child: std::process::Child) -> Option<Link> {
/// let reader = Arc::new(File::from(OwnedFd::from(child.stdout?)));
/// let readiness = Arc::new(Descriptor::new(reader.clone()));
/// let link = Link::from_std(reader, child.stdin?, Arc::new(NoControl)).with_readiness(readiness);
/// # Some(link)
/// # }
/// ```
#[derive(Debug)]
pub struct Descriptor<F>(Interruptible<Descriptors<F>>);

#[derive(Debug)]
struct Descriptors<F> {
    link: F,
    /// Made by the first wait or interrupt: gateways that nobody receives on need none. `None` if the system has no
    /// descriptors left. That is final: if it were tried again, an interrupt that found no pipe would be lost to a
    /// waiter that makes one right afterwards.
    wake: OnceLock<Option<(PipeReader, PipeWriter)>>,
}

impl<F: AsFd + Send + Sync> Descriptor<F> {
    /// Of the descriptor that the link reads from.
    pub fn new(reader: F) -> Self {
        Self(Interruptible::new(Descriptors {
            link: reader,
            wake: OnceLock::new(),
        }))
    }
}

impl<F: AsFd + Send + Sync> Readiness for Descriptor<F> {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.0.wait(timeout)
    }

    fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl<F> Descriptors<F> {
    fn wake(&self) -> Option<&(PipeReader, PipeWriter)> {
        self.wake.get_or_init(|| io::pipe().ok()).as_ref()
    }
}

impl<F: AsFd + Send + Sync> Poller for Descriptors<F> {
    fn poll(&self, timeout: Option<Duration>) -> io::Result<Readable> {
        let no_pipe = || io::Error::other("there is no pipe to be interrupted by");
        let (wake, _) = self.wake().ok_or_else(no_pipe)?;
        // A timeout that the system cannot represent is none.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut ends = [
            PollFd::new(&self.link, PollFlags::IN),
            PollFd::new(wake, PollFlags::IN),
        ];
        match poll(&mut ends, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [link, wake] = ends.map(|end| !end.revents().is_empty());
        Ok(Readable { link, wake })
    }

    fn write_wake(&self) {
        if let Some((_, wake)) = self.wake() {
            // It fits: the pipe is empty. Its reader lives as long as it does.
            let _ = (&*wake).write_all(&[0]);
        }
    }

    fn read_wake(&self) -> io::Result<()> {
        match self.wake() {
            Some((wake, _)) => (&*wake).read_exact(&mut [0]),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_secs(20));

    /// How many interrupts are tried: a loss shows up within some hundred thousand. `EXECNET_INTERRUPTS` sets another
    /// number.
    const INTERRUPTS: usize = 100_000;

    /// How often the processor is given away before an interrupt counts as lost: some seconds.
    const PATIENCE: usize = 10_000_000;

    #[test]
    fn it_waits_for_bytes_and_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let ready = Descriptor::new(reader.try_clone().unwrap());
        let short = Some(Duration::from_millis(1));
        assert_eq!(ready.wait(short).unwrap(), Ready::Away);
        writer.write_all(b"x").unwrap();
        assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
        (&reader).read_exact(&mut [0]).unwrap();
        assert_eq!(ready.wait(short).unwrap(), Ready::Away);
        drop(writer);
        assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
    }

    #[test]
    fn it_is_called_away_before_and_while_it_waits() {
        let (reader, _writer) = io::pipe().unwrap();
        let ready = Descriptor::new(reader);
        ready.interrupt();
        ready.interrupt();
        assert_eq!(ready.wait(LONG).unwrap(), Ready::Away);
        thread::scope(|scope| {
            scope.spawn(|| ready.interrupt());
            assert_eq!(ready.wait(LONG).unwrap(), Ready::Away);
        });
    }

    /// A waiter that always waits again until it has seen the last interrupt. One that is lost leaves it waiting.
    #[test]
    fn no_interrupt_is_lost_however_it_races_with_the_return_of_a_wait() {
        let wanted = std::env::var("EXECNET_INTERRUPTS").ok();
        let wanted = wanted.map_or(INTERRUPTS, |text| text.parse().unwrap());
        let (reader, _writer) = io::pipe().unwrap();
        let ready = Arc::new(Descriptor::new(reader));
        let sent = Arc::new(AtomicUsize::new(0));
        let seen = Arc::new(AtomicUsize::new(0));
        let (waiting, behind, done) = (ready.clone(), sent.clone(), seen.clone());
        thread::spawn(move || {
            while done.load(Ordering::SeqCst) < wanted {
                waiting.wait(None).unwrap();
                done.store(behind.load(Ordering::SeqCst), Ordering::SeqCst);
            }
        });
        for number in 1..=wanted {
            sent.store(number, Ordering::SeqCst);
            ready.interrupt();
            // Two in a row at most: the second comes while the waiter returns because of the first.
            let unseen = usize::from(number < wanted);
            let mut patience = PATIENCE;
            while seen.load(Ordering::SeqCst) + unseen < number {
                let last = seen.load(Ordering::SeqCst);
                assert!(patience > 0, "lost: {last} seen of {number}");
                patience -= 1;
                thread::yield_now();
            }
        }
    }
}
