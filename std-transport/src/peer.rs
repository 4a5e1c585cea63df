//! The handle of what is at the other end of a link, as errors and groups use it.

use core::fmt;
use core::time::Duration;

use crate::deadline::Deadline;
use crate::exit::Exit;

/// How long a killed worker may take to end.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

/// What is at the other end of a link: usually a process, on this machine or reached through another program.
///
/// No method is called with a lock held. Dropping the last handle kills the worker.
pub(crate) trait WorkerHandle: fmt::Debug + Send + Sync {
    /// Its name in errors: the command line it was started with, shortened, or an address.
    fn name(&self) -> &str;

    /// Waits for its end; `None` if it still runs at the deadline.
    fn wait(&self, deadline: Deadline) -> Option<ExitInfo>;

    /// Begins to kill it and the processes it has started. Does not wait.
    fn signal_kill(&self);

    /// Interrupts its code as Ctrl-C does, if its process can be signalled from here.
    fn interrupt(&self) {}

    /// The end of its standard error, [`STDERR_TAIL`](crate::STDERR_TAIL) bytes at most; empty if that goes elsewhere.
    /// May wait a moment for the rest if the peer has ended.
    fn stderr(&self) -> String;

    /// Whether its standard error is already shown to the user.
    fn shows_stderr(&self) -> bool {
        false
    }

    /// The id of its proxy gateway, which must outlive it.
    fn via(&self) -> Option<&str> {
        None
    }

    /// Kills it and waits for its end, for a limited time.
    fn kill(&self) -> Option<ExitInfo> {
        self.signal_kill();
        self.wait(Deadline::after(KILL_TIMEOUT))
    }
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitInfo {
    /// It was a process, and this is its status.
    Process(Exit),
    /// Its link is closed; a server runs the process, and its status is unknown.
    Link,
}

impl ExitInfo {
    /// The status, if known.
    pub(crate) fn exit(self) -> Option<Exit> {
        match self {
            Self::Process(exit) => Some(exit),
            Self::Link => None,
        }
    }
}
