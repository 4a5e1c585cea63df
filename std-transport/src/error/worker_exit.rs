//! How the worker of a lost gateway ended.

use core::error::Error;
use core::fmt;

use crate::error::excerpt::write_excerpt;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle};

/// How a worker's process ended: the source of the errors that its gateway and channels give from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerExit {
    command: String,
    end: Option<ExitInfo>,
    stderr: String,
    /// Whether the user has already seen the standard error.
    shown: bool,
}

impl WorkerExit {
    pub(crate) fn new(peer: &dyn WorkerHandle, end: Option<ExitInfo>) -> Self {
        Self {
            command: peer.name().to_owned(),
            end,
            stderr: peer.stderr(),
            shown: peer.shows_stderr(),
        }
    }

    /// How it ended. `None` if it still runs although its link is closed, or if its status is unknown, as behind a
    /// socket.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.end.and_then(ExitInfo::exit)
    }

    /// The command line, long arguments cut, or the address.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The end of its standard error.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            Some(ExitInfo::Process(exit)) => write!(f, "the worker {exit}")?,
            Some(ExitInfo::Link) => f.write_str("the worker's link is closed")?,
            None => f.write_str("the worker closed its link, and runs on")?,
        }
        write!(f, "\n  command: {}", self.command)?;
        if self.shown {
            return Ok(());
        }
        write_excerpt(f, "its standard error", &self.stderr)
    }
}

impl Error for WorkerExit {}
