//! Gateways that go through another one.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::process::ChildStderr;
use std::sync::mpsc::Sender;

use execnet_core_sync::{Gateway, SendError};
use execnet_serializer::Dict;

use crate::deadline::{Deadline, part};
use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::launch::{self, Launch, SshHints};
use crate::peer::{End, Peer};
use crate::relay::events;
use crate::relay::launches::describe;
use crate::relay::sender::{self, Begin, Out};
use crate::relay::state::{Shared, Start};
use crate::relay::stream::{RelayReader, RelayWire, RelayWriter};
use crate::socket::{Split as _, Target};
use crate::spec::SpecError;
use crate::stderr::StderrTail;
use crate::transport::{Connected, Request, shake_hands};

/// Starts the worker that the spec asks for where the gateway of `via=` has its own, or connects to it from there.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let middle = member(request, "via")?;
    match Target::of(request.spec)? {
        Some(target) => connect(request, &middle, target),
        None => start_process(request, &middle),
    }
}

/// Has the middle connect.
pub(super) fn connect(
    request: &Request<'_>,
    middle: &Gateway,
    target: Target,
) -> Result<Connected, MakeGatewayError> {
    let wanted = Wanted {
        name: format!("{} (via {})", target.name, middle.id()),
        stage: Stage::Connect,
        arguments: [
            ("address".into(), target.address.to_value()),
            ("patience".into(), patience(request).into()),
        ]
        .into_iter()
        .collect(),
        programs: Vec::new(),
    };
    let (far, wire) = FarSide::start(request, middle, &wanted)?;
    target.take_up(request, wire, far)
}

/// Most of the time that is left, in seconds, for the program over there: what fails tells so before the controller gives
/// up. Python's functions take no more than some centuries.
pub(super) fn patience(request: &Request<'_>) -> f64 {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let left = request.deadline.left().min(YEAR);
    part(left, 9, 10).as_secs_f64()
}

fn start_process(request: &Request<'_>, middle: &Gateway) -> Result<Connected, MakeGatewayError> {
    let hints = SshHints::within(request.deadline.left());
    let launches = launch::launches(request.spec, &hints)?;
    let shown = launches.first().map(Launch::to_string).unwrap_or_default();
    // Of several launches, which differ in the name of the interpreter, none has any.
    let input = launches.first().map(|launch| launch.input.clone());
    let wanted = Wanted {
        name: format!("{shown} (via {})", middle.id()),
        stage: Stage::Start,
        arguments: [("launches".into(), describe(&launches))]
            .into_iter()
            .collect(),
        programs: launches
            .iter()
            .map(|launch| launch.program.to_string_lossy().into_owned())
            .collect(),
    };
    let (far, mut wire) = FarSide::start(request, middle, &wanted)?;
    let rest = shake_hands(request, &mut wire, far.as_ref(), &input.unwrap_or_default())?;
    let (reader, writer) = wire.split();
    let reader = io::Cursor::new(rest).chain(reader);
    Ok(Connected::new(reader, writer, far))
}

/// The member of the group that the value of this key names.
pub(super) fn member(request: &Request<'_>, key: &'static str) -> Result<Gateway, SpecError> {
    let refused = |problem: String| SpecError::Value { key, problem };
    let id = request.spec.get(key);
    let id = id.ok_or_else(|| refused("it names no gateway".to_owned()))?;
    let found = request.members.gateway(id);
    found.ok_or_else(|| refused(format!("the group has no gateway {id:?}")))
}

/// What the middle is asked for.
struct Wanted {
    /// In errors.
    name: String,
    /// What fails where it cannot be had.
    stage: Stage,
    arguments: Dict,
    /// Those that are tried.
    programs: Vec<String>,
}

/// A process that the middle gateway's worker has started, or whoever it has connected to.
#[derive(Debug)]
struct FarSide {
    name: String,
    stage: Stage,
    middle: String,
    shared: Arc<Shared>,
    outgoing: Sender<Out>,
    stderr: StderrTail,
}

impl FarSide {
    /// Waits until it is there.
    fn start(
        request: &Request<'_>,
        middle: &Gateway,
        wanted: &Wanted,
    ) -> Result<(Arc<dyn Peer>, RelayWire), MakeGatewayError> {
        let begun = Self::begin(request, middle, wanted);
        let (far, wire) =
            begun.map_err(|error| BootstrapError::io(wanted.stage, wanted.name.clone(), error))?;
        let peer: Arc<dyn Peer> = Arc::<Self>::clone(&far);
        (request.begun)(Arc::clone(&peer));
        far.started(request.deadline, &wanted.programs)?;
        Ok((peer, wire))
    }

    /// Asks for it.
    fn begin(
        request: &Request<'_>,
        middle: &Gateway,
        wanted: &Wanted,
    ) -> io::Result<(Arc<Self>, RelayWire)> {
        let channel = || middle.new_channel().map_err(not_sent);
        let (data, control) = (channel()?, channel()?);
        let shared = Arc::new(Shared::default());
        let (errors, stderr) = io::pipe()?;
        let begin = Begin {
            middle: middle.clone(),
            arguments: wanted.arguments.clone(),
            data: data.clone(),
            control: control.clone(),
        };
        let outgoing = sender::start(request.id, begin, Arc::clone(&shared))?;
        events::start(request.id, control, Arc::clone(&shared), stderr)?;
        let errors = ChildStderr::from(OwnedFd::from(errors));
        let far = Arc::new(Self {
            name: wanted.name.clone(),
            stage: wanted.stage,
            middle: middle.id().to_owned(),
            shared: Arc::clone(&shared),
            outgoing: outgoing.clone(),
            stderr: StderrTail::start(request.id, errors, request.options.stderr.sink(request.id))?,
        });
        let reader = RelayReader::new(data);
        let writer = RelayWriter { shared, outgoing };
        Ok((far, RelayWire { reader, writer }))
    }

    /// Waits until the middle says that it was started.
    fn started(&self, deadline: Deadline, programs: &[String]) -> Result<(), MakeGatewayError> {
        let failed = |kind, text: String| {
            let error = io::Error::new(kind, text);
            BootstrapError::io(self.stage, self.name.clone(), error).into()
        };
        let answer = self.shared.wait(deadline, |state| {
            let lost = state.lost.clone().map(Err);
            state.start.clone().map(Ok).or(lost)
        });
        match answer {
            Some(Ok(Start::Done)) => Ok(()),
            Some(Ok(Start::Missing)) => Err(MakeGatewayError::NoInterpreter(programs.to_vec())),
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

impl Peer for FarSide {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&self, deadline: Deadline) -> Option<End> {
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
        if self.wait(Deadline::now()).is_some() {
            self.stderr.drain();
        }
        self.stderr.text()
    }

    fn shows_stderr(&self) -> bool {
        self.stderr.is_shown()
    }

    fn via(&self) -> Option<&str> {
        Some(&self.middle)
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        self.signal_kill();
    }
}

fn not_sent(error: SendError) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
