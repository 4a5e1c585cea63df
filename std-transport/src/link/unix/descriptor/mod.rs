//! Waiting for a descriptor that a link reads from, so that other threads can interrupt the wait.

#[cfg(test)]
mod tests;

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
