//! Processes and their groups.

use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process_group};

use super::wait::{ExitWatch, life, signal_child};
use crate::sys::{End, Life};

/// A child with the processes of its group, of which it is the leader.
///
/// All methods but [`life`](Self::life) and [`watch`](Self::watch) are for a child that has not been reaped: until then
/// its id and its group are its own.
#[derive(Debug)]
pub(crate) struct Tree(Pid);

/// Makes the process of the command the leader of a new group.
pub(crate) fn prepare(command: &mut Command) -> io::Result<()> {
    command.process_group(0);
    Ok(())
}

impl Tree {
    /// The group of a child whose command was [prepared](prepare).
    pub(crate) fn of(child: &Child) -> io::Result<Self> {
        Ok(Self(Pid::from_child(child)))
    }

    pub(crate) fn life(&self) -> Life {
        life(self.0)
    }

    /// A watch for one wait: it holds a descriptor.
    pub(crate) fn watch(&self) -> ExitWatch {
        ExitWatch::new(self.0)
    }

    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    pub(crate) fn kill_leader(&self) {
        signal_child(self.0, Signal::KILL);
    }

    /// Kills what a child that has ended leaves behind.
    pub(crate) fn kill_rest(&self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
        // A stopped process handles SIGTERM only when it continues.
        self.signal(Signal::CONT);
    }

    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Signals the whole group.
    fn signal(&self, signal: Signal) {
        // Fails if the group is empty, or if this user may signal no process in it. A leader that has moved to another
        // group (setsid, setpgid) is not reached by it, so that a kill also goes to the leader itself.
        let sent = kill_process_group(self.0, signal);
        if sent.is_err() || signal == Signal::KILL {
            signal_child(self.0, signal);
        }
    }
}

pub(crate) fn end_of(status: ExitStatus) -> Option<End> {
    let code = status.code().map(End::Code);
    code.or_else(|| status.signal().map(End::Signal))
}

/// The name of a signal of this system.
pub(crate) fn signal_name(number: i32) -> Option<&'static str> {
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
