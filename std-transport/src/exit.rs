//! How a process ended, in words.

use core::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

/// How a process ended: with a status of its own, or by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(ExitStatus);

impl Exit {
    pub(crate) fn new(status: ExitStatus) -> Self {
        Self(status)
    }

    /// The exit status, if the process ended by itself.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        self.0.code()
    }

    /// The number of the signal that killed it.
    #[must_use]
    pub fn signal(self) -> Option<i32> {
        self.0.signal()
    }

    /// Ended by itself, with status 0.
    #[must_use]
    pub fn success(self) -> bool {
        self.0.success()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.signal()) {
            (Some(code), _) => write!(f, "ended with exit status {code}"),
            (None, Some(number)) => match signal_name(number) {
                Some(name) => write!(f, "was killed by {name}"),
                None => write!(f, "was killed by signal {number}"),
            },
            (None, None) => self.0.fmt(f),
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
        assert_eq!(left.to_string(), "ended with exit status 3");
        assert!(!left.success());
    }
}
