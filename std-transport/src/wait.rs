//! Waiting for a process with a deadline.

use core::time::Duration;
use std::time::Instant;

use rustix::event::Timespec;
use rustix::process::Pid;

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
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        #[cfg(target_os = "linux")]
        if let Some(pidfd) = &self.pidfd {
            use rustix::event::{PollFd, PollFlags, poll};
            let mut ends = [PollFd::new(pidfd, PollFlags::IN)];
            if poll(&mut ends, left.map(timespec).as_ref()).is_ok() {
                return true;
            }
        }
        std::thread::sleep(left.map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL)));
        true
    }
}

/// For poll. A duration too long for it, some 292 billion years, is cut.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    duration.try_into().unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}
