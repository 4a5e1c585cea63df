//! What the systems do differently: processes and the wait for their end, pipes, sockets, files that others must not
//! read, and the standard streams of a worker.
//!
//! There is a module for Unix and one for Windows, with the same names. No other module of this crate asks which
//! system it runs on, except for `link`, `rsync/beneath` and differences between Unix systems.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

use core::time::Duration;
use std::io;
use std::path::PathBuf;

use crate::deadline::Deadline;

/// How long the output of an ended process is still read: another process that inherited it may keep it open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// The time in which the output of a process is still read after its end, which is not the end of the output: the last
/// lines, which say why it ended, may still be in the pipe.
#[derive(Debug, Default)]
struct OutputGrace(Option<Deadline>);

impl OutputGrace {
    /// The process has ended.
    fn begin(&mut self) {
        self.0 = Some(Deadline::after(OUTPUT_GRACE));
    }

    /// What is left of it; `None` while the process runs.
    fn left(&self) -> Option<Duration> {
        self.0.map(Deadline::left)
    }

    fn is_over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }
}

/// Why no Unix socket was bound.
#[derive(Debug)]
pub(crate) enum BindUnixError {
    /// Others can enter this directory.
    #[cfg_attr(windows, allow(dead_code, reason = "there are no Unix sockets there"))]
    PublicDirectory(PathBuf),
    /// Another server listens there.
    #[cfg_attr(windows, allow(dead_code, reason = "there are no Unix sockets there"))]
    InUse(PathBuf),
    Io(io::Error),
}

impl From<io::Error> for BindUnixError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The state of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Running,
    /// It has ended and is not reaped: no other process can have its id.
    Ended,
    /// This program has no such child: it ignores SIGCHLD, or other code of it has reaped the process. The id may
    /// belong to another process. Windows has no such state.
    #[cfg_attr(windows, allow(dead_code, reason = "there a handle keeps the process"))]
    Gone,
}

/// How a process ended, as its system tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It exited with this status.
    Code(i32),
    /// A signal with this number killed it.
    Signal(i32),
}
