//! Waiting for a process with a deadline.

use core::time::Duration;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;

use crate::deadline::Deadline;

/// Tells when a process has ended, without reaping it.
#[derive(Debug)]
pub(crate) struct ExitWatch {
    #[cfg(target_os = "linux")]
    pidfd: Option<std::os::fd::OwnedFd>,
}

/// Where the system has no descriptor for a process, it is looked at so often.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

impl ExitWatch {
    #[cfg(target_os = "linux")]
    pub(crate) fn new(pid: Pid) -> Self {
        use rustix::process::{PidfdFlags, pidfd_open};
        // Kernels before 5.3 and some sandboxes have none.
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).ok();
        Self { pidfd }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new(_: Pid) -> Self {
        Self {}
    }

    /// Waits until it may be worth looking; false when the deadline has passed.
    pub(crate) fn wait(&self, deadline: Deadline) -> bool {
        let left = deadline.left();
        if left.is_zero() {
            return false;
        }
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            let mut ends = [PollFd::new(pidfd, PollFlags::IN)];
            if poll(&mut ends, Some(&timespec(left))).is_ok() {
                return true;
            }
        }
        std::thread::sleep(left.min(POLL_INTERVAL));
        true
    }
}

/// What came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// It may be worth looking whether the process has ended.
    Look,
    /// This on the other thing.
    Other(PollFlags),
    /// Nothing until the deadline.
    Deadline,
}

impl ExitWatch {
    /// Waits for the end of the process, or for something else that is polled.
    pub(crate) fn wait_beside(
        &self,
        other: BorrowedFd<'_>,
        wanted: PollFlags,
        deadline: Deadline,
    ) -> io::Result<Woken> {
        let left = deadline.left();
        if left.is_zero() {
            return Ok(Woken::Deadline);
        }
        let other = PollFd::from_borrowed_fd(other, wanted);
        Ok(match self.poll_with(other, left)? {
            revents if revents.is_empty() => Woken::Look,
            revents => Woken::Other(revents),
        })
    }

    /// What shows on the other thing; it may return early with nothing.
    fn poll_with(&self, other: PollFd<'_>, left: Duration) -> io::Result<PollFlags> {
        let done = |polled: Result<usize, Errno>, other: &PollFd<'_>| match polled {
            Ok(_) => Ok(other.revents()),
            Err(Errno::INTR) => Ok(PollFlags::empty()),
            Err(error) => Err(error.into()),
        };
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            let mut ends = [other, PollFd::new(pidfd, PollFlags::IN)];
            return done(poll(&mut ends, Some(&timespec(left))), &ends[0]);
        }
        let mut ends = [other];
        done(
            poll(&mut ends, Some(&timespec(left.min(POLL_INTERVAL)))),
            &ends[0],
        )
    }
}

/// For poll. A duration too long for it, some 292 billion years, is cut.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    duration.try_into().unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}
