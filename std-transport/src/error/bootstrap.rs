//! The error of a worker that could not be started, with what its process printed.

use core::error::Error;
use core::fmt;
use std::io;

use crate::bootstrap::HandshakeError;
use crate::error::excerpt::write_excerpt;
use crate::error::{BootstrapErrorKind, debug_as_report};
use crate::exit::Exit;
use crate::handshake::BadAnswer;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::printable::printable;
use crate::start::{StartError, not_found};

/// A worker that could not be started, or did not get ready.
pub struct BootstrapError {
    kind: BootstrapErrorKind,
    /// The kind in words, with the decisive detail.
    text: String,
    command: String,
    exit: Option<Exit>,
    output: String,
    stderr: String,
    /// Whether the user has already seen the standard error.
    shown: bool,
    /// The error that the detail comes from.
    inner: Inner,
}

debug_as_report!(BootstrapError);

impl BootstrapError {
    /// What failed.
    #[must_use]
    pub fn kind(&self) -> BootstrapErrorKind {
        self.kind
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

    /// The output that it printed instead of the answer, or before it; at most 1 MiB.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.output
    }

    /// The end of its standard error.
    #[must_use]
    pub fn stderr(&self) -> &str {
        &self.stderr
    }

    /// The error of the operating system, if a system call failed. Its text is part of the text of this error.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        self.inner.as_ref()?.downcast_ref()
    }

    /// Whether there was no answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind == BootstrapErrorKind::TimedOut
    }

    fn new(kind: BootstrapErrorKind, command: String, text: String, inner: Inner) -> Self {
        Self {
            kind,
            text,
            command,
            exit: None,
            output: String::new(),
            stderr: String::new(),
            shown: false,
            inner,
        }
    }

    /// For an operation that failed as `kind` says, unless the error itself shows another kind.
    pub(crate) fn io(kind: BootstrapErrorKind, command: String, error: io::Error) -> Self {
        let text = format!("{kind}: {error}");
        let kind = kind.unless_shown_by(&error);
        Self::new(kind, command, text, Some(Box::new(error)))
    }

    /// For a connection that cannot be made.
    pub(crate) fn connect(command: String, error: io::Error) -> Self {
        Self::io(BootstrapErrorKind::of_connect(&error), command, error)
    }

    /// For a process that cannot be started.
    pub(crate) fn start(command: String, error: io::Error) -> Self {
        Self::io(BootstrapErrorKind::NotStarted, command, error)
    }

    /// For programs that do not exist.
    pub(crate) fn no_interpreter(command: String, tried: &[String]) -> Self {
        let kind = BootstrapErrorKind::NoInterpreter;
        Self::new(kind, command, not_found(tried), None)
    }

    /// For a peer that has just failed to answer: `end` is how it ended before anybody killed it.
    pub(crate) fn handshake(
        peer: &dyn WorkerHandle,
        end: Option<ExitInfo>,
        failure: HandshakeError,
        preamble: &[u8],
    ) -> Self {
        let exit = end.and_then(ExitInfo::exit);
        // The process has ended or was killed before, so that these are its last lines.
        let stderr = peer.stderr();
        let kind = BootstrapErrorKind::find(&failure, exit, preamble, &stderr);
        let (detail, inner) = explain(kind, failure);
        let text = detail.map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"));
        Self {
            exit,
            output: printable(preamble),
            stderr,
            shown: peer.shows_stderr(),
            ..Self::new(kind, peer.name().to_owned(), text, inner)
        }
    }
}

type Inner = Option<Box<dyn Error + Send + Sync>>;

/// The detail that the failure adds to its kind, and the underlying error.
fn explain(kind: BootstrapErrorKind, failure: HandshakeError) -> (Option<String>, Inner) {
    let detail = match failure {
        HandshakeError::Deadline(timeout) => format!("no answer within {timeout:?}"),
        HandshakeError::End => match kind {
            BootstrapErrorKind::Ended | BootstrapErrorKind::UnexpectedOutput => {
                "no answer".to_owned()
            }
            _ => return (None, None),
        },
        HandshakeError::Password(text) => text,
        HandshakeError::Impostor => "the server cannot prove that it knows the token".to_owned(),
        HandshakeError::Io(error) => return (Some(error.to_string()), Some(Box::new(error))),
        HandshakeError::Answer(BadAnswer::Refused(text)) => printable(text.as_bytes()),
        HandshakeError::Answer(BadAnswer::TooMuchOutput) => "much output but no answer".to_owned(),
        HandshakeError::Answer(BadAnswer::Malformed(None)) => "the answer is malformed".to_owned(),
        HandshakeError::Answer(BadAnswer::Malformed(Some(error))) => {
            let detail = format!("the answer is malformed: {error}");
            return (Some(detail), Some(Box::new(error)));
        }
    };
    (Some(detail), None)
}

impl From<StartError> for BootstrapError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoProgram(command, tried) => Self::no_interpreter(command, &tried),
            StartError::Directory(command, error) => {
                Self::io(BootstrapErrorKind::NoDirectory, command, error)
            }
            StartError::Start(command, error) => Self::start(command, error),
        }
    }
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim_end())?;
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
