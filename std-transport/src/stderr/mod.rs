//! The standard error of a worker: kept for error texts, and passed on.

mod lines;
mod tail;

use alloc::sync::Arc;
use core::fmt;
use std::io::{self, Write as _};

use crate::printable::printable;
use lines::Lines;
pub(crate) use tail::StderrTail;

/// So much of the end of a worker's standard error is kept.
pub const STDERR_TAIL: usize = 64 * 1024;

/// What happens to the standard error of workers, beside that its end is kept for error texts.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&lines);
/// let mut options = execnet::GroupOptions::default();
/// options.stderr = execnet::Stderr::lines(move |id, line| {
///     if let Ok(mut lines) = sink.lock() {
///         lines.push(format!("{id}: {line}"));
///     }
/// });
/// options.stdout = execnet::Stdout::Stderr;
/// let group = execnet::Group::with_options(options);
/// # drop(group);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Stderr {
    /// Each line goes to the standard error of this process, behind the gateway's id in brackets. What would control a
    /// terminal is escaped. The texts of errors do not repeat them; [`BootstrapError::stderr`](crate::BootstrapError::stderr)
    /// and [`WorkerExit::stderr`](crate::WorkerExit::stderr) have them all the same.
    #[default]
    Forward,
    /// Nothing.
    Keep,
    /// Each line goes to a function.
    Lines(LineSink),
}

/// Takes the id of a gateway and a line without its end.
///
/// It is called in a thread of the gateway, for one line at a time. What it holds up is that worker's standard error,
/// and the end of its gateway: it is to be short.
pub type LineSink = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Stderr {
    /// Each line, as it was written, goes to `sink`, with the id of the gateway in front.
    pub fn lines(sink: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self::Lines(Arc::new(sink))
    }

    /// What does this with the standard error of the gateway with this id.
    pub(crate) fn sink(&self, id: &str) -> Box<dyn Sink> {
        Box::new(Lines::new(id, self))
    }

    fn pass_on(&self, id: &str, line: &[u8]) {
        match self {
            Self::Keep => {}
            Self::Lines(sink) => sink(id, &String::from_utf8_lossy(line)),
            Self::Forward => {
                let line = format!("[{id}] {}\n", printable(line));
                // Nowhere to complain if our own standard error is gone.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        }
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "Forward",
            Self::Keep => "Keep",
            Self::Lines(_) => "Lines",
        })
    }
}

/// Takes what a process writes to its standard error, as it comes.
pub(crate) trait Sink: Send {
    /// Takes the next bytes.
    fn push(&mut self, bytes: &[u8]);

    /// Whether a user sees them: an error need not print them again.
    fn shows(&self) -> bool {
        false
    }

    /// There are no more.
    fn end(&mut self) {}
}
