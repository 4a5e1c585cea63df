//! The transports: each makes of a spec a link to a worker whose bootstrap is complete, and a handle of that worker.
//!
//! To add a transport:
//!
//! 1. Write a module with a function of the type [`Start`], and add it to the table of [`connect`](crate::connect) with
//!    its key of specs.
//! 2. The function connects, calls [`Request::on_spawned`] as soon as there is something that
//!    [`Group::terminate`](crate::Group::terminate) must be able to kill, and performs the [`handshake`] over any
//!    [`Duplex`], whose one method a transport without two descriptors implements. A peer that is a worker already
//!    needs no handshake.
//! 3. It returns [`Connected`]: the worker's answer, reader, writer and a [`WorkerHandle`], by which errors describe the
//!    worker and a group waits for it and kills it.
//!
//! A transport that runs a command (a container, a batch system) is less: a pure function from a spec to
//! [`Launch`](crate::command::Launch)es in [`command`](crate::command), added to its table, and [`stdio::start`].

pub(crate) mod log_in;
pub(crate) mod ssh_mux;
pub(crate) mod stdio;
#[cfg(feature = "self-exec")]
mod upload_locks;

pub(crate) use log_in::log_in;
pub(crate) use ssh_mux::SshMux;
#[cfg(feature = "self-exec")]
pub(crate) use upload_locks::UploadLocks;

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read as _};

use execnet_core_sync::{ExecModel, Gateway};
use execnet_serializer::DumpError;

use crate::bootstrap::{Duplex, HandshakeError, bootstrap};
use crate::deadline::Deadline;
use crate::error::{BootstrapError, BootstrapErrorKind, MakeGatewayError, WorkerExit};
use crate::handshake::{Nonce, Ready, Scanner};
use crate::link::{Link, PeerControl, PipeInput, SharedError};
use crate::options::GroupOptions;
use crate::payload::{Bootstrap, Settings, WorkerEnv, payload};
use crate::peer::WorkerHandle;
use crate::spec::{SpecError, XSpec};

/// How long to wait for the end of a process after the end of its output.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);

/// Makes one worker.
pub(crate) type Start = fn(&Request<'_>) -> Result<Connected, MakeGatewayError>;

/// The other members of the group that a gateway is made in.
pub(crate) trait Members {
    fn gateway(&self, id: &str) -> Option<Gateway>;

    /// The spec of a member.
    fn spec(&self, id: &str) -> Option<XSpec>;
}

/// A request for a worker, with what transports need.
pub(crate) struct Request<'a> {
    /// The gateway's id.
    pub(crate) id: &'a str,
    pub(crate) spec: &'a XSpec,
    /// The execution model, if the spec names none.
    pub(crate) exec_model: ExecModel,
    pub(crate) options: &'a GroupOptions,
    /// The deadline of the whole start, from [`GroupOptions::with_bootstrap_timeout`]. No step has another timeout.
    pub(crate) deadline: Deadline,
    /// For transports that go through another member.
    pub(crate) members: &'a dyn Members,
    /// The connections that gateways over ssh share.
    pub(crate) ssh_mux: &'a SshMux,
    /// Held while the program is copied to a host.
    #[cfg(feature = "self-exec")]
    pub(crate) upload_locks: &'a UploadLocks,
    /// Called with the worker as soon as it can be killed, before the handshake.
    pub(crate) on_spawned: &'a dyn Fn(Arc<dyn WorkerHandle>),
}

/// A worker, ready for frames.
pub(crate) struct Connected {
    pub(crate) link: Link,
    pub(crate) peer: Arc<dyn WorkerHandle>,
    /// Whether the worker reads and writes pickles.
    pub(crate) pickles: bool,
}

impl Connected {
    /// `reader` has the bytes after those that came with the answer. The control of the link uses the worker's handle.
    pub(crate) fn new(
        ready: Ready,
        reader: impl io::Read + Send + 'static,
        writer: impl io::Write + Send + 'static,
        peer: Arc<dyn WorkerHandle>,
    ) -> Self {
        let control = Arc::new(WorkerControl(Arc::clone(&peer)));
        let reader = io::Cursor::new(ready.rest).chain(reader);
        Self {
            link: Link::from_std(reader, writer, control),
            peer,
            pickles: ready.pickles,
        }
    }

    /// The same over a descriptor, which threads that receive can poll and read themselves. They would miss bytes that
    /// came with the answer: if there are any, the link has no such descriptor.
    pub(crate) fn polled(
        ready: Ready,
        reader: PipeInput,
        writer: impl io::Write + Send + 'static,
        peer: Arc<dyn WorkerHandle>,
    ) -> Self {
        if !ready.rest.is_empty() {
            return Self::new(ready, reader, writer, peer);
        }
        let poll_reader = reader.poll_reader();
        let mut connected = Self::new(ready, reader, writer, peer);
        connected.link = connected.link.with_poll_reader(poll_reader);
        connected
    }
}

/// What a gateway can do to its worker.
struct WorkerControl(Arc<dyn WorkerHandle>);

impl PeerControl for WorkerControl {
    fn post_mortem(&self) -> Option<SharedError> {
        // The link ends a moment before the process does, as the system closes its descriptors first.
        let end = self.0.wait(Deadline::after(EXIT_TIMEOUT));
        Some(Arc::new(WorkerExit::new(self.0.as_ref(), end)))
    }

    fn kill(&self) {
        self.0.signal_kill();
    }
}

/// Makes a worker of the fresh interpreter at the other end of `duplex`; returns the bytes after its answer, which are
/// the first of frames.
///
/// `input` is sent before the program: see [`Input::commands`](crate::command::Input::commands).
pub(crate) fn handshake(
    request: &Request<'_>,
    duplex: &mut dyn Duplex,
    peer: &dyn WorkerHandle,
    input: &str,
) -> Result<Ready, MakeGatewayError> {
    let settings = settings(request)?;
    handshake_with(request, duplex, peer, &settings, |settings, nonce| {
        let program = payload(settings, nonce)?;
        Ok([input.as_bytes(), &program].concat())
    })
}

/// The same with another program for a worker with these settings, which answers with the nonce.
pub(crate) fn handshake_with(
    request: &Request<'_>,
    duplex: &mut dyn Duplex,
    peer: &dyn WorkerHandle,
    settings: &Settings,
    program: impl FnOnce(&Settings, &Nonce) -> Result<Vec<u8>, DumpError>,
) -> Result<Ready, MakeGatewayError> {
    let nonce = Nonce::new();
    let program = program(settings, &nonce).map_err(|error| {
        let error = io::Error::new(io::ErrorKind::InvalidInput, error);
        let kind = BootstrapErrorKind::SettingsRefused;
        BootstrapError::io(kind, peer.name().to_owned(), error)
    })?;
    let mut scanner = Scanner::new(&nonce);
    let mut ready = bootstrap(duplex, &program, &mut scanner, request.deadline)
        .map_err(|failure| explain(peer, failure, &scanner.preamble()))?;
    // A worker cannot choose what it was not offered.
    ready.pickles &= settings.pickles;
    Ok(ready)
}

/// Transports to other machines, over links that may be slow. Up to about 25 Mbit/s a compressed program arrives
/// earlier, at 1 Mbit/s by 0.3 s; on faster links it costs 3 ms.
const COMPRESSED: [&str; 3] = ["ssh", "vagrant_ssh", "kubectl"];

/// Whether pickles are offered to the worker of a spec.
fn offers_pickles(spec: &XSpec, bootstrap: Bootstrap) -> Result<bool, SpecError> {
    let is_python = bootstrap == Bootstrap::Python;
    if spec.has("pickle") && !is_python {
        let other = if spec.has("worker") {
            "worker"
        } else {
            "bootstrap"
        };
        return Err(SpecError::Conflict("pickle", other));
    }
    match spec.get("pickle") {
        None | Some("yes") => Ok(is_python),
        Some("no") => Ok(false),
        Some(other) => Err(SpecError::value(
            "pickle",
            format!("{other:?} is not yes or no"),
        )),
    }
}

pub(crate) fn settings(request: &Request<'_>) -> Result<Settings, SpecError> {
    let spec = request.spec;
    let nice = spec.get("nice").unwrap_or("0");
    let not_a_number = |_| SpecError::value("nice", format!("{nice:?} is not a number"));
    let nice = nice.trim().parse().map_err(not_a_number)?;
    let bootstrap = Bootstrap::of(spec)?;
    Ok(Settings {
        id: request.id.to_owned(),
        bootstrap,
        exec_model: spec
            .get("execmodel")
            .unwrap_or(request.exec_model.as_str())
            .to_owned(),
        stdout: request.options.stdout,
        grace: request.options.grace,
        nice,
        credit: bootstrap.credit(request.options.credit),
        pickles: offers_pickles(spec, bootstrap)?,
        env: WorkerEnv::default(),
        // Signals of this program do not reach a process of another user.
        ends_group: !spec.has("popen") || spec.changes_account(),
        compressed: COMPRESSED.iter().any(|key| spec.has(key)),
    })
}

/// The error of a process that did not become a worker. It is killed unless it exits.
pub(crate) fn explain(
    peer: &dyn WorkerHandle,
    failure: HandshakeError,
    preamble: &[u8],
) -> BootstrapError {
    // A process whose output has ended, or that has refused, is about to exit, and its status is worth a short wait. Any
    // other is killed at once.
    let timeout = match failure {
        HandshakeError::End | HandshakeError::Answer(_) => EXIT_TIMEOUT,
        HandshakeError::Deadline(_)
        | HandshakeError::Io(_)
        | HandshakeError::Impostor
        | HandshakeError::Password(_) => Duration::ZERO,
    };
    let end = peer.wait(Deadline::after(timeout));
    if end.is_none() {
        peer.kill();
    }
    BootstrapError::handshake(peer, end, failure, preamble)
}
