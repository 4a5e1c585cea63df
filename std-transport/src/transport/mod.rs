//! The ways to a worker: a spec becomes a link whose bootstrap is done, and a hand on what is at its other end.
//!
//! To add a transport:
//!
//! 1. Write a module below this one with a function of the type [`Start`], and name it in [`TRANSPORTS`] with the
//!    key of specs that asks for it.
//! 2. The function connects, calls [`Request::begun`] as soon as there is something that
//!    [`Group::terminate`](crate::Group::terminate) would have to end, and makes a worker of the other side:
//!    [`shake_hands`] does that over everything that is a [`Wire`](crate::bootstrap::Wire), which is one function to
//!    write where there are no two descriptors. A side that is a worker already (a stock socket server's) needs none.
//! 3. It returns [`Connected`]: reader, writer and a [`Peer`]. Everything else follows from `Peer`: what errors say,
//!    how a group waits for its members and kills them.
//!
//! A transport that runs a command (a container, a batch system) is less: a pure function from a spec to [`Launch`]es
//! in [`launch`](crate::launch), named in its table, and [`command::start`] here.

mod command;
mod ssh;

pub(crate) use command::Running;
pub(crate) use ssh::{Sharing, start_process};

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::fs::File;
use std::io;

use execnet_core_sync::ExecModel;
use execnet_core_sync::link::{Control, Descriptor, Link, SharedError};
use execnet_serializer::DumpError;

use crate::bootstrap::{Failure, Wire, bootstrap};
use crate::deadline::Deadline;
use crate::error::{BootstrapError, MakeGatewayError, Stage, WorkerExit};
use crate::exit::Exit;
use crate::group::{Group, GroupOptions};
use crate::handshake::{Nonce, Scanner};
use crate::own;
use crate::program::{Bootstrap, Settings, Surroundings, program};
use crate::relay;
use crate::socket;
use crate::spec::{SpecError, XSpec};

/// How long the end of a peer may take to show after its output has ended.
const EXIT_PATIENCE: Duration = Duration::from_millis(500);

/// How long the death of a killed peer may take.
const KILL_PATIENCE: Duration = Duration::from_secs(2);

/// Makes one worker.
type Start = fn(&Request<'_>) -> Result<Connected, MakeGatewayError>;

/// The keys of specs that choose a transport.
const TRANSPORTS: &[(&str, Start)] = &[
    ("popen", command::start),
    ("ssh", ssh::start),
    ("vagrant_ssh", command::start),
    ("docker", command::start),
    ("podman", command::start),
    ("kubectl", command::start),
    ("slurm", command::start),
    ("cmd", command::start),
    ("socket", socket::start),
    ("tcp", socket::start),
    ("tls", socket::start),
    ("unix", socket::start),
];

/// Makes the worker that the request asks for.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if own::is_asked(request.spec) {
        return own::start(request);
    }
    start_transport(request)
}

/// The same where the spec names its worker.
pub(crate) fn start_transport(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    if request.spec.has("installvia") {
        return relay::install(request);
    }
    if request.spec.has("via") {
        return relay::start(request);
    }
    let mut asked = TRANSPORTS.iter().filter(|(key, _)| request.spec.has(key));
    match (asked.next(), asked.next()) {
        (Some((_, start)), None) => start(request),
        (Some((first, _)), Some((second, _))) => Err(SpecError::Conflict(first, second).into()),
        (None, _) => Err(SpecError::NoTransport.into()),
    }
}

/// What a transport is asked for, and with.
pub(crate) struct Request<'a> {
    /// The gateway's id.
    pub(crate) id: &'a str,
    pub(crate) spec: &'a XSpec,
    /// For a spec that names none.
    pub(crate) execmodel: ExecModel,
    pub(crate) options: &'a GroupOptions,
    /// The end of the whole start, by [`GroupOptions::bootstrap_timeout`]. No step has a timeout of its own beside it.
    pub(crate) deadline: Deadline,
    /// For what members share, and for transports that go through another member.
    pub(crate) group: &'a Group,
    /// Hears of the peer as soon as there is something to end; before the handshake.
    pub(crate) begun: &'a dyn Fn(Arc<dyn Peer>),
}

/// A worker, ready for frames.
pub(crate) struct Connected {
    pub(crate) link: Link,
    pub(crate) peer: Arc<dyn Peer>,
}

impl Connected {
    /// The link's control follows from the peer.
    pub(crate) fn new(
        reader: impl io::Read + Send + 'static,
        writer: impl io::Write + Send + 'static,
        peer: Arc<dyn Peer>,
    ) -> Self {
        let control = Arc::new(PeerControl(Arc::clone(&peer)));
        let link = Link::from_std(reader, writer, control);
        Self { link, peer }
    }

    /// The same over a descriptor: threads that receive can wait for what comes on it, and read it themselves.
    pub(crate) fn polled(
        reader: File,
        writer: impl io::Write + Send + 'static,
        peer: Arc<dyn Peer>,
    ) -> Self {
        let reader = Arc::new(reader);
        let readiness = Arc::new(Descriptor::new(reader.clone()));
        let Self { link, peer } = Self::new(reader, writer, peer);
        let link = link.with_readiness(readiness);
        Self { link, peer }
    }
}

/// What is at the other end of a link: a process as a rule, here or behind something.
///
/// Nothing here is called with a lock held. Dropping the last handle ends the peer.
pub(crate) trait Peer: fmt::Debug + Send + Sync {
    /// Its name in errors: the command line it was started with, shortened, or an address.
    fn name(&self) -> &str;

    /// Waits for its end; none if it still runs at the deadline. Without a deadline it waits for as long as it takes.
    fn wait(&self, deadline: Deadline) -> Option<End>;

    /// Begins to end it, and what it has started, by force. Returns at once.
    fn signal_kill(&self);

    /// Interrupts its code as Ctrl-C does, where that can be done from here.
    fn interrupt(&self) {}

    /// The end of its standard error, [`STDERR_TAIL`](crate::STDERR_TAIL) bytes at most; empty if that goes elsewhere.
    /// May wait a moment for the rest if the peer has ended.
    fn stderr(&self) -> String;

    /// Whether a user sees its standard error as it comes.
    fn shows_stderr(&self) -> bool {
        false
    }

    /// The gateway that it is reached through: that one has to stay for as long as this is here.
    fn via(&self) -> Option<&str> {
        None
    }

    /// Ends it by force, and waits for that, though not for ever.
    fn kill(&self) -> Option<End> {
        self.signal_kill();
        self.wait(Deadline::after(KILL_PATIENCE))
    }
}

/// How a peer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was a process, and this is its status.
    Process(Exit),
    /// All that is known is that its link is closed: a server runs it.
    Link,
}

impl End {
    /// The status, where there is one.
    pub(crate) fn exit(self) -> Option<Exit> {
        match self {
            Self::Process(exit) => Some(exit),
            Self::Link => None,
        }
    }
}

/// What a gateway can do to its peer.
struct PeerControl(Arc<dyn Peer>);

impl Control for PeerControl {
    fn post_mortem(&self) -> Option<SharedError> {
        let end = self.0.wait(Deadline::after(EXIT_PATIENCE));
        Some(Arc::new(WorkerExit::new(self.0.as_ref(), end)))
    }

    fn kill(&self) {
        self.0.signal_kill();
    }
}

/// Makes a worker of a fresh interpreter at the other end of `wire`; returns what it sent after its answer: the first
/// bytes of frames.
///
/// `input` is what the started process reads before the program: see [`Launch::input`](crate::launch::Launch::input).
pub(crate) fn shake_hands(
    request: &Request<'_>,
    wire: &mut dyn Wire,
    peer: &dyn Peer,
    input: &str,
) -> Result<Vec<u8>, MakeGatewayError> {
    let nonce = Nonce::new();
    let program = program(&settings(request)?, &nonce);
    let program = program.map(|program| [input.as_bytes(), &program].concat());
    shake_hands_with(request, wire, peer, &nonce, program)
}

/// The same with another program, which answers with this nonce.
pub(crate) fn shake_hands_with(
    request: &Request<'_>,
    wire: &mut dyn Wire,
    peer: &dyn Peer,
    nonce: &Nonce,
    program: Result<Vec<u8>, DumpError>,
) -> Result<Vec<u8>, MakeGatewayError> {
    let program = program.map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, error);
        BootstrapError::io(Stage::Handshake, peer.name().to_owned(), error)
    })?;
    let mut scanner = Scanner::new(nonce);
    match bootstrap(wire, &program, &mut scanner, request.deadline) {
        Ok(ready) => Ok(ready.rest),
        Err(failure) => Err(explain(peer, failure, &scanner.noise()).into()),
    }
}

/// What leads to other machines, over links that may be slow. Up to some 25 megabits a second a compressed program is
/// there sooner, at 1 by 0.3 seconds; where it is not, it costs 3 milliseconds.
const PACKED: [&str; 3] = ["ssh", "vagrant_ssh", "kubectl"];

pub(crate) fn settings(request: &Request<'_>) -> Result<Settings, SpecError> {
    let spec = request.spec;
    let nice = spec.get("nice").unwrap_or("0");
    let nice = nice.trim().parse().map_err(|_| SpecError::Value {
        key: "nice",
        problem: format!("{nice:?} is no number"),
    })?;
    let bootstrap = Bootstrap::of(spec)?;
    Ok(Settings {
        id: request.id.to_owned(),
        bootstrap,
        execmodel: spec
            .get("execmodel")
            .unwrap_or(request.execmodel.as_str())
            .to_owned(),
        stdout: request.options.stdout,
        grace: request.options.grace,
        nice,
        credit: bootstrap.credit(request.options.credit),
        surroundings: Surroundings::default(),
        // With sudo it is a process of another user.
        ends_group: !spec.has("popen") || spec.has("sudo"),
        packed: PACKED.iter().any(|key| spec.has(key)),
    })
}

/// Why a peer is no worker. It is killed, unless it ends by itself.
pub(crate) fn explain(peer: &dyn Peer, failure: Failure, noise: &[u8]) -> BootstrapError {
    // Whose output has ended, or who has refused, is about to leave; the others are killed now.
    let patience = match failure {
        Failure::End | Failure::Answer(_) => EXIT_PATIENCE,
        Failure::Deadline(_) | Failure::Io(_) | Failure::Impostor => Duration::ZERO,
    };
    let end = peer.wait(Deadline::after(patience));
    if end.is_none() {
        peer.kill();
    }
    BootstrapError::handshake(peer, end, failure, noise)
}
