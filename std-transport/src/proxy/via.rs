//! The controller's side of `via=`.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;

use execnet_core_sync::{Channel, Gateway, SendError};
use execnet_serializer::Dict;

use crate::command::{self, Launch, SshHints};
use crate::deadline::{Deadline, part};
use crate::error::{BootstrapError, MakeGatewayError};
use crate::peer::{ExitInfo, WorkerHandle};
use crate::proxy::control;
use crate::proxy::launches::describe;
use crate::proxy::state::{Shared, StartResult};
use crate::proxy::stream::{ProxyDuplex, ProxyReader, ProxyWriter};
use crate::proxy::uplink::{self, Opening};
use crate::socket::{Split as _, Target};
use crate::spec::SpecError;
use crate::stderr::StderrTail;
use crate::sys::errors_pipe;
use crate::transport::{Connected, Request, handshake, log_in};

/// Starts the worker of the spec on the machine of the proxy's worker, or connects to it from there.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let proxy = member(request, "via")?;
    match Target::of(request.spec)? {
        Some(target) => connect(request, &proxy, target),
        None => start_process(request, &proxy),
    }
}

/// Makes the proxy connect to the target.
pub(super) fn connect(
    request: &Request<'_>,
    proxy: &Gateway,
    target: Target,
) -> Result<Connected, MakeGatewayError> {
    let asked = ProxyRequest {
        name: format!("{} (via {})", target.name, proxy.id()),
        failed: BootstrapError::connect,
        arguments: [
            ("address".into(), target.address.to_value()),
            ("timeout".into(), remote_timeout(request).into()),
        ]
        .into_iter()
        .collect(),
        programs: Vec::new(),
    };
    let (far, duplex) = ProxiedWorker::start(request, proxy, &asked)?;
    target.take_up(request, duplex, far)
}

/// The timeout of the proxy's program, in seconds: most of the time that is left, so that it reports a failure before
/// the controller gives up. At most a year, as Python's functions refuse values of centuries.
pub(super) fn remote_timeout(request: &Request<'_>) -> f64 {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let left = request.deadline.left().min(YEAR);
    part(left, 9, 10).as_secs_f64()
}

fn start_process(request: &Request<'_>, proxy: &Gateway) -> Result<Connected, MakeGatewayError> {
    let hints = SshHints {
        askpass: request.options.askpass.is_some(),
        ..SshHints::within(request.deadline.left())
    };
    let launches = command::launches(request.spec, &hints)?;
    let shown = launches.first().map(Launch::to_string).unwrap_or_default();
    // Several launches differ in the name of the interpreter only, and have no input.
    let input = launches.first().map(|launch| launch.input.clone());
    let input = input.unwrap_or_default();
    let asked = ProxyRequest {
        name: format!("{shown} (via {})", proxy.id()),
        failed: BootstrapError::start,
        arguments: [("launches".into(), describe(&launches))]
            .into_iter()
            .collect(),
        programs: launches
            .iter()
            .map(|launch| launch.program.to_string_lossy().into_owned())
            .collect(),
    };
    let (far, mut duplex) = ProxiedWorker::start(request, proxy, &asked)?;
    log_in(request, &mut duplex, far.as_ref(), &input)?;
    let ready = handshake(request, &mut duplex, far.as_ref(), &input.commands)?;
    let (reader, writer) = duplex.split();
    Ok(Connected::new(ready, reader, writer, far))
}

/// The member of the group that the value of this key names.
pub(super) fn member(request: &Request<'_>, key: &'static str) -> Result<Gateway, SpecError> {
    let id = request.spec.get(key);
    let id = id.ok_or_else(|| SpecError::value(key, "it names no gateway"))?;
    let found = request.members.gateway(id);
    found.ok_or_else(|| SpecError::value(key, format!("the group has no gateway {id:?}")))
}

/// Makes the error of a start or a connection.
type Failed = fn(String, io::Error) -> BootstrapError;

/// What the proxy has to start or connect to.
struct ProxyRequest {
    /// The name in errors.
    name: String,
    /// The error if it fails, with its name.
    failed: Failed,
    arguments: Dict,
    /// The programs that are tried, for errors.
    programs: Vec<String>,
}

/// The handle of a process that the proxy has started, or of a server that it has connected to.
#[derive(Debug)]
struct ProxiedWorker {
    name: String,
    failed: Failed,
    proxy: String,
    shared: Arc<Shared>,
    control: Channel,
    stderr: StderrTail,
}

impl ProxiedWorker {
    /// Starts it and waits until it runs or is connected.
    fn start(
        request: &Request<'_>,
        proxy: &Gateway,
        asked: &ProxyRequest,
    ) -> Result<(Arc<dyn WorkerHandle>, ProxyDuplex), MakeGatewayError> {
        let sent = Self::send_request(request, proxy, asked);
        let (far, duplex) = sent.map_err(|error| (asked.failed)(asked.name.clone(), error))?;
        let peer: Arc<dyn WorkerHandle> = Arc::<Self>::clone(&far);
        // Before the wait for the start, which may take long: from here on a termination of the group reaches it.
        (request.on_spawned)(Arc::clone(&peer));
        far.started(request.deadline, &asked.programs)?;
        Ok((peer, duplex))
    }

    /// Sends the request; returns without waiting for the result.
    fn send_request(
        request: &Request<'_>,
        proxy: &Gateway,
        asked: &ProxyRequest,
    ) -> io::Result<(Arc<Self>, ProxyDuplex)> {
        let channel = || proxy.new_channel().map_err(not_sent);
        let (data, control) = (channel()?, channel()?);
        let shared = Arc::new(Shared::default());
        // A pipe within this process: standard error that comes in events is then kept and drained as that of a process
        // here.
        let (errors, stderr) = errors_pipe()?;
        let begin = Opening {
            proxy: proxy.clone(),
            arguments: asked.arguments.clone(),
            data: data.clone(),
            control: control.clone(),
        };
        let outgoing = uplink::start(request.id, begin, Arc::clone(&shared))?;
        control::start(request.id, control.clone(), Arc::clone(&shared), stderr)?;
        let far = Arc::new(Self {
            name: asked.name.clone(),
            failed: asked.failed,
            proxy: proxy.id().to_owned(),
            shared: Arc::clone(&shared),
            control,
            stderr: StderrTail::start(request.id, errors, request.options.stderr.sink(request.id))?,
        });
        let reader = ProxyReader::new(data);
        let writer = ProxyWriter { shared, outgoing };
        Ok((far, ProxyDuplex { reader, writer }))
    }

    /// Waits for the result of the start.
    fn started(&self, deadline: Deadline, programs: &[String]) -> Result<(), MakeGatewayError> {
        let failed = |kind, text: String| {
            let error = io::Error::new(kind, text);
            (self.failed)(self.name.clone(), error).into()
        };
        let answer = self.shared.wait(deadline, |state| {
            // A result that came before the loss says more than the loss.
            let lost = state.lost.clone().map(Err);
            state.start.clone().map(Ok).or(lost)
        });
        match answer {
            Some(Ok(StartResult::Done)) => Ok(()),
            Some(Ok(StartResult::Missing)) => {
                Err(BootstrapError::no_interpreter(self.name.clone(), programs).into())
            }
            Some(Ok(StartResult::Failed(number, text))) => {
                Err(failed(io::Error::from_raw_os_error(number).kind(), text))
            }
            Some(Err(lost)) => {
                let text = format!("the gateway {} is lost: {lost}", self.proxy);
                Err(failed(io::ErrorKind::ConnectionAborted, text))
            }
            None => {
                // The proxy may still start it, and gets the kill after the request.
                self.signal_kill();
                let text = format!("the gateway {} did not answer", self.proxy);
                Err(failed(io::ErrorKind::TimedOut, text))
            }
        }
    }
}

impl WorkerHandle for ProxiedWorker {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&self, deadline: Deadline) -> Option<ExitInfo> {
        self.shared.wait(deadline, |state| {
            let lost = state.lost.as_ref().map(|_| ExitInfo::Link);
            state.exit.map(ExitInfo::Process).or(lost)
        })
    }

    fn signal_kill(&self) {
        if self.wait(Deadline::now()).is_some() {
            return;
        }
        let requested = self.shared.change(|state| {
            // Wakes a writer that waits for room in the window.
            state.deaf = true;
            core::mem::replace(&mut state.kill_requested, true)
        });
        // Each request has a thread, which waits if the proxy reads nothing.
        if !requested {
            uplink::kill(&self.control, &self.shared);
        }
    }

    fn stderr(&self) -> String {
        if self.wait(Deadline::now()).is_some() {
            self.stderr.drain();
        }
        self.stderr.text()
    }

    fn shows_stderr(&self) -> bool {
        self.stderr.is_shown()
    }

    fn via(&self) -> Option<&str> {
        Some(&self.proxy)
    }
}

impl Drop for ProxiedWorker {
    fn drop(&mut self) {
        self.signal_kill();
    }
}

fn not_sent(error: SendError) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
