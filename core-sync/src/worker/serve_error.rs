use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::io;

use crate::disconnected::Disconnected;
use crate::report::{debug_as_report, inner_sources};

/// Serving failed.
#[non_exhaustive]
pub enum ServeError {
    /// The transport could not make the link, or a thread could not be started.
    Start(io::Error),
    /// The bytes before the first frame are not the bootstrap of a controller, or not all of it.
    Bootstrap(io::Error),
    /// The connection to the controller is lost.
    Disconnected(Disconnected),
    /// These functions did not return within the grace. Their threads are left behind.
    StillRunning(Vec<String>),
}

debug_as_report!(ServeError);
inner_sources!(ServeError: Start, Bootstrap, Disconnected);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot start serving: {error}"),
            Self::Bootstrap(error) => write!(f, "no controller has started this worker: {error}"),
            Self::Disconnected(error) => error.fmt(f),
            Self::StillRunning(names) => {
                write!(
                    f,
                    "the controller is gone, and these functions still run: {}",
                    names.join(", ")
                )
            }
        }
    }
}
