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

use std::io;
use std::path::PathBuf;

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
