//! Gateways that go through another one.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::process::ChildStderr;
use std::sync::mpsc::Sender;
use std::time::Instant;

use execnet_core_sync::{Gateway, SendError};
use execnet_serializer::{Dict, Value};

use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::launch::{self, Launch, SshHints};
use crate::relay::events;
use crate::relay::sender::{self, Begin, Out};
use crate::relay::state::{Shared, Start};
use crate::relay::stream::{RelayReader, RelayWire, RelayWriter};
use crate::spec::SpecError;
use crate::stderr::StderrTail;
use crate::transport::{Connected, End, Peer, Request, shake_hands};

/// Starts the worker that the spec asks for where the gateway of `via=` has its own.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let middle = middle(request)?;
    let launches = launch::launches(request.spec, &SshHints::default())?;
    let shown = launches.first().map(Launch::to_string).unwrap_or_default();
    let name = format!("{shown} (via {})", middle.id());
    let failed = |error| BootstrapError::io(Stage::Start, name.clone(), error);
    let (relay, wire) = FarProcess::start(request, &middle, &launches, &name).map_err(failed)?;
    let peer: Arc<dyn Peer> = Arc::<FarProcess>::clone(&relay);
    (request.begun)(Arc::clone(&peer));
    relay.started(request.options.bootstrap_timeout, &launches)?;
    let mut wire = wire;
    let rest = shake_hands(request, &mut wire, peer.as_ref())?;
    let reader = io::Cursor::new(rest).chain(wire.reader);
    Ok(Connected::new(reader, wire.writer, peer))
}

fn middle(request: &Request<'_>) -> Result<Gateway, SpecError> {
    let refused = |problem: String| SpecError::Value {
        key: "via",
        problem,
    };
    let id = request.spec.get("via");
    let id = id.ok_or_else(|| refused("it names no gateway".to_owned()))?;
    let found = request.group.get(id);
    found.ok_or_else(|| refused(format!("the group has no gateway {id:?}")))
}

/// A process that the middle gateway's worker has started.
#[derive(Debug)]
struct FarProcess {
    name: String,
    middle: String,
    shared: Arc<Shared>,
    outgoing: Sender<Out>,
    stderr: StderrTail,
}

impl FarProcess {
    /// Has it started; whether it was is not known yet.
    fn start(
        request: &Request<'_>,
        middle: &Gateway,
        launches: &[Launch],
        name: &str,
    ) -> io::Result<(Arc<Self>, RelayWire)> {
        let channel = || middle.newchannel().map_err(not_sent);
        let (data, control) = (channel()?, channel()?);
        let shared = Arc::new(Shared::default());
        let (errors, stderr) = io::pipe()?;
        let begin = Begin {
            middle: middle.clone(),
            launches: describe(launches),
            data: data.clone(),
            control: control.clone(),
        };
        let outgoing = sender::start(request.id, begin, Arc::clone(&shared))?;
        events::start(request.id, control, Arc::clone(&shared), stderr)?;
        let errors = ChildStderr::from(OwnedFd::from(errors));
        let process = Arc::new(Self {
            name: name.to_owned(),
            middle: middle.id().to_owned(),
            shared: Arc::clone(&shared),
            outgoing: outgoing.clone(),
            stderr: StderrTail::start(request.id, errors, request.options.stderr.clone())?,
        });
        let reader = RelayReader::new(data);
        let writer = RelayWriter { shared, outgoing };
        Ok((process, RelayWire { reader, writer }))
    }

    /// Waits until the middle says that it was started.
    fn started(&self, patience: Duration, launches: &[Launch]) -> Result<(), MakeGatewayError> {
        let failed = |kind, text: String| {
            let error = io::Error::new(kind, text);
            BootstrapError::io(Stage::Start, self.name.clone(), error).into()
        };
        let answer = self.shared.wait(Some(Instant::now() + patience), |state| {
            let lost = state.lost.clone().map(Err);
            state.start.clone().map(Ok).or(lost)
        });
        match answer {
            Some(Ok(Start::Done)) => Ok(()),
            Some(Ok(Start::Missing)) => {
                let tried = launches.iter().map(|launch| launch.program.clone());
                Err(MakeGatewayError::NoInterpreter(tried.collect()))
            }
            Some(Ok(Start::Failed(number, text))) => {
                Err(failed(io::Error::from_raw_os_error(number).kind(), text))
            }
            Some(Err(lost)) => {
                let text = format!("the gateway {} is lost: {lost}", self.middle);
                Err(failed(io::ErrorKind::ConnectionAborted, text))
            }
            None => {
                self.signal_kill();
                let text = format!("the gateway {} did not answer", self.middle);
                Err(failed(io::ErrorKind::TimedOut, text))
            }
        }
    }
}

impl Peer for FarProcess {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&self, deadline: Option<Instant>) -> Option<End> {
        self.shared.wait(deadline, |state| {
            let lost = state.lost.as_ref().map(|_| End::Link);
            state.exit.map(End::Process).or(lost)
        })
    }

    fn signal_kill(&self) {
        // A writer that waits for room is not to wait for a process that is being killed.
        self.shared.change(|state| state.deaf = true);
        let _ = self.outgoing.send(Out::Kill);
    }

    fn stderr(&self) -> String {
        let patience = match self.wait(Some(Instant::now())) {
            Some(_) => Duration::from_millis(100),
            None => Duration::ZERO,
        };
        self.stderr.text(patience)
    }

    fn via(&self) -> Option<&str> {
        Some(&self.middle)
    }
}

impl Drop for FarProcess {
    fn drop(&mut self) {
        self.signal_kill();
    }
}

fn not_sent(error: SendError) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}

/// For the program over there.
fn describe(launches: &[Launch]) -> Value {
    let described = launches.iter().map(|launch| {
        let mut argv = vec![Value::from(launch.program.as_str())];
        argv.extend(launch.arguments.iter().map(|word| word.as_str().into()));
        let env = launch.env.iter();
        let env: Dict = env
            .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
            .collect();
        let chdir = launch.chdir.as_ref();
        let chdir = chdir.map_or(Value::None, |path| path.to_string_lossy().as_ref().into());
        let pairs = [
            ("argv".into(), Value::List(argv)),
            ("env".into(), Value::Dict(env)),
            ("chdir".into(), chdir),
        ];
        Value::Dict(pairs.into_iter().collect())
    });
    Value::List(described.collect())
}
