//! Waiting for a descriptor that a link reads from, so that other threads can interrupt the wait.

use alloc::sync::Arc;
use core::cell::OnceCell;
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd;

use execnet_core_sync::link::{Interruptible, PollReader, Poller, Readable, Ready};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::sync::Mutex;

/// The [`PollReader`] of a link whose reader is a file descriptor: a pipe, or a socket.
///
/// It holds the descriptor, which therefore is closed only after both the link and the `Descriptor` are dropped. A
/// handle that both share saves a second descriptor:
///
/// ```
/// use std::fs::File;
/// use std::os::fd::OwnedFd;
/// use std::sync::Arc;
///
/// use execnet::link::{Descriptor, Link, NoControl};
///
/// # fn example(child: std::process::Child) -> Option<Link> {
/// let reader = Arc::new(File::from(OwnedFd::from(child.stdout?)));
/// let poll_reader = Arc::new(Descriptor::new(reader.clone()));
/// let link = Link::from_std(reader, child.stdin?, Arc::new(NoControl)).with_poll_reader(poll_reader);
/// # Some(link)
/// # }
/// ```
#[derive(Debug)]
pub struct Descriptor<F>(Interruptible<LinkAndPipe<F>>);

/// What is polled: the link, and the wake-up pipe of the thread that waits.
#[derive(Debug)]
struct LinkAndPipe<F> {
    link: F,
    wake: Mutex<Wake>,
}

/// Where an interrupt goes. The pipe belongs to the thread that waits, and not to the link: a program with many links
/// needs two descriptors for each thread that receives, and none for each link.
#[derive(Debug, Default)]
struct Wake {
    /// The pipe of the thread that polls; `None` while no thread does.
    waiter: Option<Arc<Pipe>>,
    /// There was an interrupt that no wait has reported yet.
    pending: bool,
}

#[derive(Debug)]
struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

std::thread_local! {
    /// Made by the first wait of the thread. It holds a byte only while the thread polls.
    static PIPE: OnceCell<Arc<Pipe>> = const { OnceCell::new() };
}

impl Pipe {
    fn of_this_thread() -> io::Result<Arc<Self>> {
        // Not `with`, which panics: the destructor of another thread-local value may receive when this one is gone.
        let found = PIPE.try_with(|pipe| match pipe.get() {
            Some(pipe) => Ok(pipe.clone()),
            None => {
                let (reader, writer) = io::pipe()?;
                Ok(pipe
                    .get_or_init(|| Arc::new(Self { reader, writer }))
                    .clone())
            }
        });
        found.unwrap_or_else(|_| Err(io::Error::other("the thread ends")))
    }
}

impl<F: AsFd + Send + Sync> Descriptor<F> {
    /// Polls the descriptor that the link reads from.
    pub fn new(reader: F) -> Self {
        Self(Interruptible::new(LinkAndPipe {
            link: reader,
            wake: Mutex::default(),
        }))
    }
}

impl<F: AsFd + Send + Sync> PollReader for Descriptor<F> {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.0.wait(timeout)
    }

    fn interrupt(&self) {
        self.0.interrupt();
    }
}

impl<F> LinkAndPipe<F> {
    /// Directs interrupts to the pipe of this thread. `None` if one is pending: then there is nothing to wait for.
    fn begin(&self) -> io::Result<Option<Arc<Pipe>>> {
        let pipe = Pipe::of_this_thread()?;
        // One lock for the look at the flag and the entry of the pipe: an interrupt comes either before both, and is
        // seen here, or after both, and writes into the pipe.
        let mut wake = self.wake.lock();
        if wake.pending {
            return Ok(None);
        }
        wake.waiter = Some(pipe.clone());
        Ok(Some(pipe))
    }

    /// Ends what [`begin`](Self::begin) began. Returns whether there was an interrupt.
    fn end(&self, pipe: &Pipe) -> io::Result<bool> {
        let mut wake = self.wake.lock();
        // From here on interrupts only set the flag, which the next wait finds. None of them writes into the pipe of a
        // thread that has turned to another link.
        wake.waiter = None;
        if wake.pending {
            // The next link that this thread waits for must not find the byte. This read does not block: the byte was
            // written under the lock that set the flag.
            (&pipe.reader).read_exact(&mut [0])?;
        }
        Ok(wake.pending)
    }
}

impl<F: AsFd + Send + Sync> Poller for LinkAndPipe<F> {
    fn poll(&self, timeout: Option<Duration>) -> io::Result<Readable> {
        let Some(pipe) = self.begin()? else {
            return Ok(Readable {
                link: false,
                wake: true,
            });
        };
        // A timeout that the system cannot represent is longer than any wait.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut ends = [
            PollFd::new(&self.link, PollFlags::IN),
            PollFd::new(&pipe.reader, PollFlags::IN),
        ];
        // Unlocked, so that interrupts can write. `end` runs whatever the outcome: the pipe must not stay entered.
        let polled = poll(&mut ends, timeout.as_ref());
        let wake = self.end(&pipe)?;
        match polled {
            Ok(_) => {}
            // Polling again would need the time that is left. The caller, which waits in a loop, knows it.
            Err(Errno::INTR) => return Ok(Readable { link: false, wake }),
            Err(error) => return Err(error.into()),
        }
        // Any event: a hang-up and an error also mean that a read returns at once.
        let link = !ends[0].revents().is_empty();
        Ok(Readable { link, wake })
    }

    fn write_wake(&self) {
        let mut wake = self.wake.lock();
        wake.pending = true;
        if let Some(pipe) = &wake.waiter {
            // It does not block under the lock: the pipe is empty, as `Interruptible` calls this once for each
            // interrupt that a wait reports.
            let _ = (&pipe.writer).write_all(&[0]);
        }
    }

    fn read_wake(&self) -> io::Result<()> {
        // `end` has taken the byte out already.
        self.wake.lock().pending = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);
    const LONG: Option<Duration> = Some(LIMIT);

    /// Number of interrupts that are tried: a loss shows within some hundred thousand. `EXECNET_INTERRUPTS` sets
    /// another number.
    const INTERRUPTS: usize = 100_000;

    /// Number of yields after which an interrupt counts as lost: some seconds.
    const PATIENCE: usize = 10_000_000;

    #[test]
    fn it_waits_for_bytes_and_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        let ready = Descriptor::new(reader.try_clone().unwrap());
        let short = Some(Duration::from_millis(1));
        assert_eq!(ready.wait(short).unwrap(), Ready::Interrupted);
        writer.write_all(b"x").unwrap();
        assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
        (&reader).read_exact(&mut [0]).unwrap();
        assert_eq!(ready.wait(short).unwrap(), Ready::Interrupted);
        drop(writer);
        assert_eq!(ready.wait(LONG).unwrap(), Ready::Read);
    }

    /// Lets the other thread run for a moment. On a busy machine no number of yields is enough for that.
    fn give_way() {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(1) {
            thread::yield_now();
        }
    }

    /// Waits without a timeout, in another thread, for an event that must come.
    fn wait(ready: &Arc<Descriptor<PipeReader>>) -> Ready {
        let (done, waited) = mpsc::channel();
        let waiting = ready.clone();
        thread::spawn(move || done.send(waiting.wait(None)));
        let ready = waited.recv_timeout(LIMIT);
        ready.expect("the interrupt is lost").unwrap()
    }

    #[test]
    fn an_interrupt_before_or_during_a_wait_ends_it() {
        let (reader, _writer) = io::pipe().unwrap();
        let ready = Arc::new(Descriptor::new(reader));
        ready.interrupt();
        ready.interrupt();
        assert_eq!(wait(&ready), Ready::Interrupted);
        thread::scope(|scope| {
            scope.spawn(|| ready.interrupt());
            assert_eq!(wait(&ready), Ready::Interrupted);
        });
    }

    /// An interrupt ends one wait, and leaves nothing behind that would end the next.
    #[test]
    fn after_an_interrupt_it_waits_again() {
        let (reader, mut writer) = io::pipe().unwrap();
        let ready = Arc::new(Descriptor::new(reader.try_clone().unwrap()));
        for while_it_waits in [false, true] {
            let (done, waited) = mpsc::channel();
            let waiting = ready.clone();
            thread::spawn(move || {
                // A byte that is left in the pipe would end the next wait.
                let waits = [None, Some(Duration::from_millis(20)), LONG];
                waits.map(|timeout| done.send(waiting.wait(timeout).unwrap()))
            });
            if while_it_waits {
                give_way();
            }
            ready.interrupt();
            let next = || waited.recv_timeout(LIMIT).expect("the interrupt is lost");
            assert_eq!([next(), next()], [Ready::Interrupted; 2]);
            give_way();
            writer.write_all(b"x").unwrap();
            assert_eq!(next(), Ready::Read);
            (&reader).read_exact(&mut [0]).unwrap();
        }
    }

    /// A thread that waits for several links has one pipe for all of them.
    #[test]
    fn an_interrupt_of_one_link_is_not_taken_for_that_of_another() {
        let links = [(); 2].map(|()| {
            let (reader, writer) = io::pipe().unwrap();
            (Descriptor::new(reader), writer)
        });
        let short = Some(Duration::from_millis(1));
        for (interrupted, other) in [(0, 1), (1, 0)] {
            thread::scope(|scope| {
                let waiting = scope.spawn(|| {
                    links[interrupted].0.wait(LONG).unwrap();
                    links[interrupted].0.interrupt();
                    assert_eq!(links[other].0.wait(short).unwrap(), Ready::Interrupted);
                    links[interrupted].0.wait(None)
                });
                links[interrupted].0.interrupt();
                assert_eq!(waiting.join().unwrap().unwrap(), Ready::Interrupted);
            });
        }
    }

    /// A thread waits again until it has seen the last interrupt: after a lost one it would wait forever.
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
