//! How a process ended: its exit status or signal.

use core::fmt;
use std::process::ExitStatus;

use crate::sys::{self, End};

/// How a process ended: with a status of its own, or by a signal.
///
/// If the program ignores SIGCHLD, or other code of it reaps all children, the status is unknown: there is neither a
/// [`code`](Self::code) nor a [`signal`](Self::signal) then.
///
/// For a remote worker (over ssh, in a container) this is the status of the local client program, which reports that of
/// the worker: a status above 128 is the signal that killed the worker. A signal that killed the client program itself
/// looks the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// `None` if it is unknown.
    end: Option<End>,
    remote: bool,
}

/// Shells add the number of the signal to this.
const SIGNALLED: i32 = 128;

impl Exit {
    /// It has ended with an unknown status.
    pub(crate) const UNKNOWN: Self = Self {
        end: None,
        remote: false,
    };

    pub(crate) fn new(status: ExitStatus) -> Self {
        Self {
            end: sys::end_of(status),
            remote: false,
        }
    }

    /// The end of a client program whose status is that of a remote process.
    pub(crate) fn remote(status: ExitStatus) -> Self {
        Self {
            remote: true,
            ..Self::new(status)
        }
    }

    /// The end of a process as Python tells it: the status, or the negated number of the signal.
    pub(crate) fn told(status: i64) -> Self {
        let end = match (i32::try_from(status), u32::try_from(status)) {
            (Ok(signal @ ..0), _) => End::Signal(signal.saturating_neg()),
            (Ok(code), _) => End::Code(code),
            // On Windows a status has 32 bits without a sign.
            (Err(_), Ok(code)) => End::Code(code.cast_signed()),
            (Err(_), Err(_)) => return Self::UNKNOWN,
        };
        Self {
            end: Some(end),
            remote: false,
        }
    }

    /// The end of a client program with this status.
    #[cfg(test)]
    pub(crate) fn told_by_client(status: i64) -> Self {
        Self {
            remote: true,
            ..Self::told(status)
        }
    }

    /// The exit status, if the process exited.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self.relayed_signal() {
            Some(_) => None,
            None => self.own_code(),
        }
    }

    /// The number of the signal that killed it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        self.relayed_signal().or(match self.end? {
            End::Signal(number) => Some(number),
            End::Code(_) => None,
        })
    }

    /// Whether it exited with status 0.
    #[must_use]
    pub fn success(self) -> bool {
        self.end == Some(End::Code(0))
    }

    /// Whether this is the status of a client program.
    pub(crate) fn is_remote(self) -> bool {
        self.remote
    }

    fn own_code(self) -> Option<i32> {
        match self.end? {
            End::Code(code) => Some(code),
            End::Signal(_) => None,
        }
    }

    fn relayed_signal(self) -> Option<i32> {
        let code = self.own_code().filter(|_| self.remote)?;
        // A larger status is not a signal: ssh exits with 255 if it fails itself.
        (SIGNALLED + 1..SIGNALLED + 65)
            .contains(&code)
            .then_some(code - SIGNALLED)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.signal()) {
            // What Windows says of a process that it has ended, such as 0xC000013A after Ctrl-C.
            (Some(code @ ..0), _) => write!(f, "exited with status {code:#010X}"),
            (Some(code), _) => write!(f, "exited with status {code}"),
            (None, Some(number)) => match sys::signal_name(number) {
                Some(name) => write!(f, "was killed by {name}"),
                None => write!(f, "was killed by signal {number}"),
            },
            (None, None) => f.write_str(
                "has ended with an unknown status: SIGCHLD is ignored, or other code has reaped it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names() {
        let killed = Exit::told(-9);
        assert_eq!(killed.to_string(), "was killed by SIGKILL");
        assert_eq!(killed.signal(), Some(9));
        let left = Exit::told(3);
        assert_eq!(left.to_string(), "exited with status 3");
        assert!(!left.success());
    }

    #[test]
    fn a_status_above_128_is_the_signal_of_a_remote_worker() {
        assert_eq!(Exit::told(137).code(), Some(137));
        let remote = Exit::told_by_client(137);
        assert_eq!((remote.code(), remote.signal()), (None, Some(9)));
        assert_eq!(remote.to_string(), "was killed by SIGKILL");
        let failed = Exit::told_by_client(255);
        assert_eq!((failed.code(), failed.signal()), (Some(255), None));
    }

    #[test]
    fn only_numbers_of_signals_are_taken_for_signals() {
        for (status, code, signal) in [
            (127, Some(127), None),
            (128, Some(128), None),
            (129, None, Some(1)),
            (192, None, Some(64)),
            (193, Some(193), None),
        ] {
            let remote = Exit::told_by_client(status);
            assert_eq!((remote.code(), remote.signal()), (code, signal), "{status}");
        }
    }

    #[test]
    fn a_status_of_windows_itself_is_shown_as_it_is_known() {
        let interrupted = Exit::told(0xC000_013A);
        assert_eq!(interrupted.to_string(), "exited with status 0xC000013A");
        assert_eq!((interrupted.signal(), interrupted.success()), (None, false));
    }

    #[test]
    fn a_lost_status_is_neither_a_code_nor_a_signal() {
        let lost = Exit::UNKNOWN;
        assert_eq!((lost.code(), lost.signal()), (None, None));
        assert!(!lost.success());
        assert!(lost.to_string().contains("unknown status"), "{lost}");
    }
}
