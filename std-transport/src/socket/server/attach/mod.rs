//! How a worker and a connection are joined, and how each learns of the end of the other.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::sync::mpsc::{Receiver, Sender};

#[cfg(unix)]
pub(super) use unix::{CAN_SHARE, start, supervise};
#[cfg(windows)]
pub(super) use windows::{CAN_SHARE, start, supervise};

/// What the threads that forward a connection report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client has ended its direction.
    Client,
    /// The connection was cut.
    Cut,
    /// The worker has ended. Only [`supervise`] reports this.
    #[cfg_attr(
        unix,
        allow(dead_code, reason = "the wait for the process is a poll there")
    )]
    Worker,
}

pub(super) type Ends = (Sender<End>, Receiver<End>);
