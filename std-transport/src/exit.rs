//! How a process ended: its exit status or signal.

use core::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

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
    status: Option<ExitStatus>,
    remote: bool,
}

/// Shells add the number of the signal to this.
const SIGNALLED: i32 = 128;

impl Exit {
    /// It has ended with an unknown status.
    pub(crate) const UNKNOWN: Self = Self {
        status: None,
        remote: false,
    };

    pub(crate) fn new(status: ExitStatus) -> Self {
        let status = Some(status);
        Self {
            status,
            remote: false,
        }
    }

    /// The end of a client program whose status is that of a remote process.
    pub(crate) fn remote(status: ExitStatus) -> Self {
        let status = Some(status);
        Self {
            status,
            remote: true,
        }
    }

    /// The exit status, if the process exited.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        match self.relayed_signal() {
            Some(_) => None,
            None => self.status?.code(),
        }
    }

    /// The number of the signal that killed it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        self.relayed_signal().or_else(|| self.status?.signal())
    }

    /// Whether it exited with status 0.
    #[must_use]
    pub fn success(self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Whether this is the status of a client program.
    pub(crate) fn is_remote(self) -> bool {
        self.remote
    }

    fn relayed_signal(self) -> Option<i32> {
        let code = self.status?.code().filter(|_| self.remote)?;
        // A larger status is not a signal: ssh exits with 255 if it fails itself.
        (SIGNALLED + 1..SIGNALLED + 65)
            .contains(&code)
            .then_some(code - SIGNALLED)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.signal()) {
            (Some(code), _) => write!(f, "exited with status {code}"),
            (None, Some(number)) => match signal_name(number) {
                Some(name) => write!(f, "was killed by {name}"),
                None => write!(f, "was killed by signal {number}"),
            },
            (None, None) => f.write_str(
                "has ended with an unknown status: SIGCHLD is ignored, or other code has reaped it",
            ),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
    const NAMES: &[(Signal, &str)] = &[
        (Signal::ABORT, "SIGABRT"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::HUP, "SIGHUP"),
        (Signal::ILL, "SIGILL"),
        (Signal::INT, "SIGINT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::PROF, "SIGPROF"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::SYS, "SIGSYS"),
        (Signal::TERM, "SIGTERM"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::VTALARM, "SIGVTALRM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
    ];
    NAMES
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names() {
        let killed = Exit::new(ExitStatus::from_raw(9));
        assert_eq!(killed.to_string(), "was killed by SIGKILL");
        assert_eq!(killed.signal(), Some(9));
        let left = Exit::new(ExitStatus::from_raw(3 << 8));
        assert_eq!(left.to_string(), "exited with status 3");
        assert!(!left.success());
    }

    #[test]
    fn a_status_above_128_is_the_signal_of_a_remote_worker() {
        let status = ExitStatus::from_raw(137 << 8);
        assert_eq!(Exit::new(status).code(), Some(137));
        let remote = Exit::remote(status);
        assert_eq!((remote.code(), remote.signal()), (None, Some(9)));
        assert_eq!(remote.to_string(), "was killed by SIGKILL");
        let failed = Exit::remote(ExitStatus::from_raw(255 << 8));
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
            let remote = Exit::remote(ExitStatus::from_raw(status << 8));
            assert_eq!((remote.code(), remote.signal()), (code, signal), "{status}");
        }
    }

    #[test]
    fn a_lost_status_is_neither_a_code_nor_a_signal() {
        let lost = Exit::UNKNOWN;
        assert_eq!((lost.code(), lost.signal()), (None, None));
        assert!(!lost.success());
        assert!(lost.to_string().contains("unknown status"), "{lost}");
    }
}
