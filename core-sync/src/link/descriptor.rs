use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd;
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

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
pub struct Descriptor<F> {
    reader: F,
    /// Made with the first wait: gateways that nobody receives on need none.
    bell: OnceLock<Bell>,
}

#[derive(Debug)]
struct Bell {
    rung: PipeReader,
    rope: PipeWriter,
    /// There is a byte in the pipe: one is enough, and no more can fill it.
    ringing: AtomicBool,
}

impl<F: AsFd> Descriptor<F> {
    /// Of the descriptor that the link reads from.
    pub fn new(reader: F) -> Self {
        let bell = OnceLock::new();
        Self { reader, bell }
    }

    fn bell(&self) -> io::Result<&Bell> {
        if let Some(bell) = self.bell.get() {
            return Ok(bell);
        }
        let (rung, rope) = io::pipe()?;
        let ringing = AtomicBool::new(false);
        Ok(self.bell.get_or_init(|| Bell {
            rung,
            rope,
            ringing,
        }))
    }
}

impl<F: AsFd + Send + Sync> Readiness for Descriptor<F> {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        let bell = self.bell()?;
        // A time that the system cannot count is for ever.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        let mut ends = [
            PollFd::new(&self.reader, PollFlags::IN),
            PollFd::new(&bell.rung, PollFlags::IN),
        ];
        match poll(&mut ends, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [reader, rung] = ends.map(|end| !end.revents().is_empty());
        if rung {
            bell.silence()?;
        }
        Ok(if reader { Ready::Read } else { Ready::Away })
    }

    fn interrupt(&self) {
        // Where there is no bell nobody has waited yet; who is about to looks again first.
        if let Ok(bell) = self.bell() {
            bell.ring();
        }
    }
}

impl Bell {
    fn ring(&self) {
        if !self.ringing.swap(true, Ordering::SeqCst) {
            // It fits, and its reader lives as long as it does.
            let _ = (&self.rope).write_all(&[0]);
        }
    }

    fn silence(&self) -> io::Result<()> {
        // Before the byte is taken: who rings in between is heard now or with the next wait.
        self.ringing.store(false, Ordering::SeqCst);
        (&self.rung).read(&mut [0; 8]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_secs(20));

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
}
