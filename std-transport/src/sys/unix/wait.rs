//! The state of a child process without reaping it, and waiting for its end with a deadline.

use core::time::Duration;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::deadline::Deadline;
use crate::sys::Life;

/// The state of a child. One that has ended stays a zombie.
pub(crate) fn life(pid: Pid) -> Life {
    life_of(WaitId::Pid(pid))
}

fn life_of(id: WaitId<'_>) -> Life {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match retry_on_intr(|| waitid(id.clone(), options)) {
        Ok(Some(_)) => Life::Ended,
        Err(Errno::CHILD) => Life::Gone,
        // Any other error says nothing about the process. Linux 5.3 has pidfds, but its waitid does not know them.
        Ok(None) | Err(_) => Life::Running,
    }
}

/// Signals a child, and no other process that has its id by now: the check and the signal use one pidfd, which refers
/// to one process. Without pidfds there is a gap between the two, in which other code of this program could reap the
/// child.
pub(crate) fn signal_child(pid: Pid, signal: Signal) {
    #[cfg(target_os = "linux")]
    if let Some(pidfd) = open_pidfd(pid) {
        use rustix::process::pidfd_send_signal;
        use std::os::fd::AsFd as _;
        if life_of(WaitId::PidFd(pidfd.as_fd())) != Life::Gone {
            // Fails if the process has ended or may not be signalled. A wait for its end shows either.
            let _ = pidfd_send_signal(&pidfd, signal);
        }
        return;
    }
    if life(pid) != Life::Gone {
        let _ = kill_process(pid, signal);
    }
}

/// A pidfd; `None` on kernels before 5.3, in some sandboxes, and if this program has no descriptor left.
#[cfg(target_os = "linux")]
fn open_pidfd(pid: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};
    pidfd_open(pid, PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_pidfd(_: Pid) -> Option<OwnedFd> {
    None
}

/// Waits for the end of a process without reaping it. It holds a descriptor, so it is made for one wait and dropped
/// after it.
#[derive(Debug)]
pub(crate) struct ExitWatch {
    pid: Pid,
    pidfd: Option<OwnedFd>,
}

/// How often the state of a process is checked if there is no pidfd.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Why a wait has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The process may have ended; the caller checks.
    Check,
    /// The other descriptor has these events.
    Other(PollFlags),
    /// The deadline has passed.
    Deadline,
}

impl ExitWatch {
    pub(crate) fn new(pid: Pid) -> Self {
        let pidfd = open_pidfd(pid);
        Self { pid, pidfd }
    }

    /// Waits until the process may have ended; returns false once the deadline has passed.
    pub(crate) fn wait(&self, deadline: Deadline) -> bool {
        let left = deadline.left();
        if left.is_zero() {
            return false;
        }
        if self.poll(&mut [], left).is_err() {
            // The system has no memory for the poll: the state is checked at intervals, as without a pidfd. The caller
            // must not spin.
            std::thread::sleep(left.min(POLL_INTERVAL));
        }
        true
    }

    /// Waits for the end of the process, or for an event on another descriptor.
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
        let mut others = [PollFd::from_borrowed_fd(other, wanted)];
        self.poll(&mut others, left)?;
        Ok(match others[0].revents() {
            revents if revents.is_empty() => Woken::Check,
            revents => Woken::Other(revents),
        })
    }

    /// Polls the other descriptors until one is ready, the process has ended or `timeout` has passed; it may return
    /// early. Returns whether the process has ended.
    pub(crate) fn poll<'a>(
        &'a self,
        others: &mut [PollFd<'a>],
        timeout: Duration,
    ) -> io::Result<bool> {
        let Some(pidfd) = &self.pidfd else {
            poll_for(others, timeout.min(POLL_INTERVAL))?;
            return Ok(life(self.pid) != Life::Running);
        };
        // A pidfd becomes readable when the process ends, whether it is reaped or not. It comes last, so that the
        // others keep their places and the results can be copied back.
        let mut all = Vec::with_capacity(others.len() + 1);
        all.extend(others.iter().cloned());
        all.push(PollFd::new(pidfd, PollFlags::IN));
        poll_for(&mut all, timeout)?;
        let ended = all.pop().is_some_and(|end| !end.revents().is_empty());
        others.clone_from_slice(&all);
        Ok(ended)
    }
}

/// Polls with a timeout. After an interruption by a signal, no descriptor is ready.
pub(crate) fn poll_for(ends: &mut [PollFd<'_>], timeout: Duration) -> io::Result<()> {
    match poll(ends, Some(&timespec(timeout))) {
        Ok(_) => Ok(()),
        Err(Errno::INTR) => {
            // An interrupted poll writes no results: those of an earlier one may still be in place.
            ends.iter_mut().for_each(PollFd::clear_revents);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// A timeout for poll. A duration beyond its range, some 292 billion years, is clamped.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    duration.try_into().unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}
