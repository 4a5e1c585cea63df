//! The standard error of a worker: its end is kept for errors, and its lines are passed on.

mod lines;
mod tail;

use alloc::sync::Arc;
use core::fmt;
use std::io::{self, Write as _};

use crate::printable::printable;
use lines::LineSplitter;
pub(crate) use tail::StderrTail;

/// Number of bytes that are kept of the end of a worker's standard error.
pub const STDERR_TAIL: usize = 64 * 1024;

/// What happens to the standard error of workers. In each case its end is also kept for errors.
///
/// A line of more than 64 KiB counts as several lines, so that a worker which never ends its line needs no more memory.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&lines);
/// let stderr = execnet::Stderr::callback(move |id, line| {
///     if let Ok(mut lines) = sink.lock() {
///         lines.push(format!("{id}: {line}"));
///     }
/// });
/// let options = execnet::GroupOptions::new()
///     .with_stderr(stderr)
///     .with_stdout(execnet::Stdout::Stderr);
/// let group = execnet::Group::with_options(options);
/// # drop(group);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Stderr {
    /// Each line is written to the standard error of this process, after the gateway's id in brackets. Terminal control
    /// characters are escaped. The texts of errors do not repeat the lines, but
    /// [`BootstrapError::stderr`](crate::BootstrapError::stderr) and [`WorkerExit::stderr`](crate::WorkerExit::stderr)
    /// return them.
    #[default]
    Inherit,
    /// Nothing is shown.
    Capture,
    /// Each line is passed to a function.
    Callback(LineCallback),
}

/// Called with the id of a gateway and a line without its line end.
///
/// It runs in a thread of the gateway, one line at a time. It delays that worker's standard error and the end of its
/// gateway, so it should be fast.
pub type LineCallback = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Stderr {
    /// Passes each line, unescaped, to `callback`, with the id of the gateway as the first argument.
    pub fn callback(callback: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self::Callback(Arc::new(callback))
    }

    /// A sink that does this with the standard error of the gateway with this id.
    pub(crate) fn sink(&self, id: &str) -> Box<dyn Sink> {
        Box::new(LineSplitter::new(id, self))
    }

    fn pass_on(&self, id: &str, line: &[u8]) {
        match self {
            Self::Capture => {}
            Self::Callback(callback) => callback(id, &String::from_utf8_lossy(line)),
            Self::Inherit => {
                // The whole line in one write, so that lines of several workers do not mix.
                let id = printable(id.as_bytes()).replace('\n', "\\n");
                let line = format!("[{id}] {}\n", printable(line));
                // An error is ignored: there is no other place to report it.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        }
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inherit => "Inherit",
            Self::Capture => "Capture",
            Self::Callback(_) => "Callback",
        })
    }
}

/// Receives the standard error of a process.
pub(crate) trait Sink: Send {
    /// Takes the next bytes.
    fn push(&mut self, bytes: &[u8]);

    /// Whether the user sees them, so that the text of an error need not repeat them.
    fn shows(&self) -> bool {
        false
    }

    /// Called after the last bytes.
    fn end(&mut self) {}
}
