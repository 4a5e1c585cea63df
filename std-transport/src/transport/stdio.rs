//! Gateways over the standard input and output of a process on this machine.

use alloc::sync::Arc;

use crate::bootstrap::Pipes;
use crate::command::{self, SshHints};
use crate::error::{BootstrapError, MakeGatewayError};
use crate::peer::WorkerHandle;
use crate::process::Process;
use crate::start::start_first;
use crate::transport::{Connected, Request, handshake, log_in};

/// Starts a worker with the command line that the spec stands for.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    start_with(request, &SshHints::default())
}

/// The same, for specs that mean an ssh client.
pub(super) fn start_with(
    request: &Request<'_>,
    hints: &SshHints,
) -> Result<Connected, MakeGatewayError> {
    let Running {
        peer,
        mut pipes,
        input,
    } = run(request, hints)?;
    let ready = handshake(request, &mut pipes, peer.as_ref(), &input)?;
    let (reader, writer) = pipes
        .split()
        .map_err(|error| BootstrapError::start(peer.name().to_owned(), error))?;
    let content_writer = writer.content_writer();
    let mut connected = Connected::polled(ready, reader, writer, peer);
    connected.link = connected.link.with_content_writer(content_writer);
    Ok(connected)
}

/// A process, and the way to it.
pub(crate) struct Running {
    pub(crate) peer: Arc<dyn WorkerHandle>,
    pub(crate) pipes: Pipes,
    /// Commands that it reads first.
    pub(crate) input: String,
}

/// Starts what the spec stands for, and gives it the password that it asks for, and no more.
pub(super) fn run(request: &Request<'_>, hints: &SshHints) -> Result<Running, MakeGatewayError> {
    let hints = SshHints {
        askpass: request.options.askpass.is_some(),
        ..hints.clone()
    };
    let launches = command::launches(request.spec, &hints)?;
    let ((mut pipes, process), input) = start_first(&launches, |launch| {
        let stderr = request.options.stderr.sink(request.id);
        let started = Process::start(request.id, launch, stderr)?;
        Ok((Pipes::new(started)?, launch.input.clone()))
    })?;
    // Before the handshake: from here on a termination of the group kills the process.
    let peer: Arc<dyn WorkerHandle> = process;
    (request.on_spawned)(Arc::clone(&peer));
    log_in(request, &mut pipes, peer.as_ref(), &input)?;
    Ok(Running {
        peer,
        pipes,
        input: input.commands,
    })
}
