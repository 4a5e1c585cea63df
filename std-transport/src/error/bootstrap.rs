use core::error::Error;
use core::fmt;
use std::io;

use crate::bootstrap::HandshakeError;
use crate::error::excerpt::write_excerpt;
use crate::error::{Cause, Stage};
use crate::exit::Exit;
use crate::handshake::BadAnswer;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::printable::printable;

/// A process that did not become a worker: how far it got, and what is known of it.
pub struct BootstrapError {
    stage: Stage,
    cause: Cause,
    command: String,
    reason: String,
    exit: Option<Exit>,
    output: String,
    stderr: String,
    /// A user has seen it already.
    shown: bool,
    /// What the reason tells of, if another error is behind it.
    inner: Option<Box<dyn Error + Send + Sync>>,
}

debug_as_report!(BootstrapError);

impl BootstrapError {
    /// How far it got.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What is at fault, as far as it can be told.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// The command line, long arguments cut, or the address.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// How the process ended, if it did so by itself.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.exit
    }

    /// What it printed instead of the answer, or in front of it; at most 1 MiB.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.output
    }

    /// The end of its standard error.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// What the operating system said, if it refused something. Its text is part of this error's.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.inner.as_ref()?.downcast_ref()
    }

    /// Whether the time for the handshake was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.cause == Cause::TimedOut
    }

    pub(crate) fn io(stage: Stage, command: String, error: io::Error) -> Self {
        Self {
            stage,
            cause: Cause::of_io(stage, &error),
            command,
            reason: error.to_string(),
            exit: None,
            output: String::new(),
            stderr: String::new(),
            shown: false,
            inner: Some(Box::new(error)),
        }
    }

    /// For a peer that has just failed to answer: `end` is how it ended before anybody killed it.
    pub(crate) fn handshake(
        peer: &dyn WorkerHandle,
        end: Option<ExitInfo>,
        failure: HandshakeError,
        preamble: &[u8],
    ) -> Self {
        let exit = end.and_then(ExitInfo::exit);
        let stderr = peer.stderr();
        let cause = Cause::find(&failure, exit, preamble, &stderr);
        let (reason, inner) = explain(failure);
        Self {
            stage: cause.stage(),
            cause,
            command: peer.name().to_owned(),
            reason: describe(cause, reason, inner.is_some()),
            exit,
            output: printable(preamble),
            stderr,
            shown: peer.shows_stderr(),
            inner,
        }
    }
}

const IMPOSTOR: &str = "the server cannot prove that it knows the token";

type Inner = Option<Box<dyn Error + Send + Sync>>;

fn explain(failure: HandshakeError) -> (String, Inner) {
    match failure {
        HandshakeError::Deadline(timeout) => (format!("no answer within {timeout:?}"), None),
        HandshakeError::End => ("no answer".to_owned(), None),
        HandshakeError::Impostor => (IMPOSTOR.to_owned(), Some(IMPOSTOR.into())),
        HandshakeError::Io(error) => (error.to_string(), Some(Box::new(error))),
        HandshakeError::Answer(BadAnswer::Refused(text)) => (printable(text.as_bytes()), None),
        HandshakeError::Answer(BadAnswer::TooMuchOutput) => {
            ("much output but no answer".to_owned(), None)
        }
        HandshakeError::Answer(BadAnswer::Malformed(None)) => {
            ("the answer is malformed".to_owned(), None)
        }
        HandshakeError::Answer(BadAnswer::Malformed(Some(error))) => (
            format!("the answer is malformed: {error}"),
            Some(Box::new(error)),
        ),
    }
}

/// The cause in words; the reason it was found from is worth telling only if another error gave it.
fn describe(cause: Cause, reason: String, has_inner: bool) -> String {
    match cause.text() {
        Some(text) if has_inner => format!("{text}: {reason}"),
        Some(text) => text.to_owned(),
        None => reason,
    }
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.stage, self.reason.trim_end())?;
        write!(f, "\n  command: {}", self.command)?;
        if let Some(exit) = self.exit {
            write!(f, "\n  the process {exit}")?;
        }
        write_excerpt(f, "its output", &self.output)?;
        if self.shown {
            return Ok(());
        }
        write_excerpt(f, "its standard error", &self.stderr)
    }
}

impl Error for BootstrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The text has all that the inner error says itself.
        self.inner.as_ref()?.source()
    }
}
