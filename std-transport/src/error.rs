//! Why there is no gateway, or no longer.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io;

use crate::bootstrap::Failure;
use crate::exit::Exit;
use crate::handshake::BadAnswer;
use crate::printable::printable;
use crate::spec::SpecError;
use crate::transport::{End, Peer};

/// No gateway could be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum MakeGatewayError {
    /// The spec is none, or asks for something that does not fit together.
    Spec(SpecError),
    /// Another member of the group has this id.
    DuplicateId(String),
    /// None of these programs exists.
    NoInterpreter(Vec<String>),
    /// The worker could not be started or did not get ready.
    Bootstrap(Box<BootstrapError>),
}

impl fmt::Display for MakeGatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::DuplicateId(id) => write!(f, "the group has a gateway {id:?} already"),
            Self::NoInterpreter(tried) => {
                write!(f, "no interpreter found; tried {}", tried.join(", "))
            }
            Self::Bootstrap(error) => error.fmt(f),
        }
    }
}

impl Error for MakeGatewayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bootstrap(error) => error.source(),
            _ => None,
        }
    }
}

impl From<SpecError> for MakeGatewayError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<BootstrapError> for MakeGatewayError {
    fn from(error: BootstrapError) -> Self {
        Self::Bootstrap(Box::new(error))
    }
}

/// How far the making of a gateway got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Making the directory that `chdir=` names.
    Directory,
    /// Starting the process.
    Start,
    /// Looking up the host.
    Resolve,
    /// Connecting to the host.
    Connect,
    /// Sending the worker's program, and waiting for its answer.
    Handshake,
    /// The worker ran, and answered that it cannot do what the spec asks.
    SetUp,
    /// Taking up the link, after the worker was ready.
    Link,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "making the working directory",
            Self::Start => "starting the process",
            Self::Resolve => "looking up the host",
            Self::Connect => "connecting",
            Self::Handshake => "the handshake",
            Self::SetUp => "setting up the worker",
            Self::Link => "taking up the link",
        })
    }
}

/// A process that did not become a worker: how far it got, and what is known of it.
#[derive(Debug)]
pub struct BootstrapError {
    stage: Stage,
    command: String,
    reason: String,
    exit: Option<Exit>,
    output: String,
    stderr: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BootstrapError {
    /// How far it got.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
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

    /// Whether the time for the handshake was over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(&self.source, Some(source) if source.is::<HandshakeTimeout>())
    }

    pub(crate) fn io(stage: Stage, command: String, error: io::Error) -> Self {
        Self {
            stage,
            command,
            reason: error.to_string(),
            exit: None,
            output: String::new(),
            stderr: String::new(),
            source: Some(Box::new(error)),
        }
    }

    /// For a peer that has just failed to answer: `end` is how it ended before anybody killed it.
    pub(crate) fn handshake(
        peer: &dyn Peer,
        end: Option<End>,
        failure: Failure,
        noise: &[u8],
    ) -> Self {
        let (stage, reason, source) = explain(failure);
        Self {
            stage,
            command: peer.name().to_owned(),
            reason,
            exit: end.and_then(End::exit),
            output: printable(noise),
            stderr: peer.stderr(),
            source,
        }
    }
}

type Source = Option<Box<dyn Error + Send + Sync>>;

fn explain(failure: Failure) -> (Stage, String, Source) {
    match failure {
        Failure::Deadline(patience) => {
            let error = HandshakeTimeout(patience);
            (Stage::Handshake, error.to_string(), Some(Box::new(error)))
        }
        Failure::End => (Stage::Handshake, "no answer".to_owned(), None),
        Failure::Io(error) => (Stage::Handshake, error.to_string(), Some(Box::new(error))),
        Failure::Answer(BadAnswer::Refused(text)) => {
            (Stage::SetUp, printable(text.as_bytes()), None)
        }
        Failure::Answer(BadAnswer::Noise) => (
            Stage::Handshake,
            "much output but no answer".to_owned(),
            None,
        ),
        Failure::Answer(BadAnswer::Malformed(error)) => (
            Stage::Handshake,
            "the answer is malformed".to_owned(),
            error.map(|error| Box::new(error) as _),
        ),
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
        write_excerpt(f, "its standard error", &self.stderr)
    }
}

impl Error for BootstrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The worker did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HandshakeTimeout(Duration);

impl fmt::Display for HandshakeTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:?}", self.0)
    }
}

impl Error for HandshakeTimeout {}

/// How a worker's process ended: the source of the errors that its gateway and channels give from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerExit {
    command: String,
    end: Option<End>,
    stderr: String,
}

impl WorkerExit {
    pub(crate) fn new(peer: &dyn Peer, end: Option<End>) -> Self {
        Self {
            command: peer.name().to_owned(),
            end,
            stderr: peer.stderr(),
        }
    }

    /// How it ended; none if it runs on although its end of the link is closed, and where nobody tells: behind a
    /// socket.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.end.and_then(End::exit)
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
            Some(End::Process(exit)) => write!(f, "the worker {exit}")?,
            Some(End::Link) => f.write_str("the worker's link is closed")?,
            None => f.write_str("the worker closed its link, and runs on")?,
        }
        write!(f, "\n  command: {}", self.command)?;
        write_excerpt(f, "its standard error", &self.stderr)
    }
}

impl Error for WorkerExit {}

/// Lines of this many, from the end, are shown; the accessors have all.
const SHOWN_LINES: usize = 20;

/// No more bytes than this are shown.
const SHOWN_BYTES: usize = 4096;

fn write_excerpt(f: &mut fmt::Formatter<'_>, title: &str, text: &str) -> fmt::Result {
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(());
    }
    let end = tail(text, SHOWN_BYTES);
    let lines: Vec<&str> = end.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(SHOWN_LINES)..);
    write!(f, "\n  {title}:")?;
    shown
        .unwrap_or_default()
        .iter()
        .try_for_each(|line| write!(f, "\n    {line}"))
}

/// The last `size` bytes, or a little less where that cuts no character.
fn tail(text: &str, size: usize) -> &str {
    let start = text.len().saturating_sub(size);
    (start..text.len())
        .find_map(|start| text.get(start..))
        .unwrap_or_default()
}
