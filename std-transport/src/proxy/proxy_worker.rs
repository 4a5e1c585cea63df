//! The proxy in Rust: starts a process or connects to a socket, and forwards the bytes of its streams.

use alloc::sync::Arc;
use core::error::Error;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::thread;

use execnet_core_sync::Channel;
use execnet_core_sync::worker::Kwargs;
use execnet_serializer::{Bytes, Value};

use super::launches;
use super::state::STEP;
use super::stream::{bytes, text};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::Process;
use crate::socket::{Address, Attempt, Keepalive, Split as _, Stream, StreamDuplex};
use crate::stderr::Sink;
use crate::sync::Mutex;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Bytes that are read and passed on at a time.
const PIECE: usize = 64 * 1024;

/// Serves one `via=`, until its endpoint has ended.
pub(super) fn serve(channel: &Channel, arguments: Kwargs) -> Outcome {
    let item = channel.receive()?;
    let [data, control] = item.channels() else {
        return Err("the first item is not two channels".into());
    };
    let kill_switch = KillSwitch::default();
    // Before the start: a kill must also end an attempt to connect that takes long.
    kill_switch.listen(control)?;
    let endpoint = match open(data, control, &kill_switch, &arguments) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => return Ok(control.send(("missing", ()))?),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            return Ok(control.send(("failed", (number, error.to_string())))?);
        }
    };
    kill_switch.reach(&endpoint.kill_handle);
    control.send(("started", ()))?;
    let exit = endpoint.run(data, control)?;
    if let Some(exit) = exit {
        send_event(control, "exit", exit);
    }
    control.close();
    Ok(())
}

fn open(
    data: &Channel,
    control: &Channel,
    kill_switch: &KillSwitch,
    arguments: &Kwargs,
) -> io::Result<Option<Endpoint>> {
    let unknown = |problem| io::Error::new(io::ErrorKind::InvalidInput, problem);
    if let Some(address) = arguments.get("address") {
        let address = Address::from_value(address);
        let address = address.ok_or_else(|| unknown("an address of no kind known"))?;
        let attempt = Attempt {
            deadline: deadline(arguments),
            ended: &|| kill_switch.is_killed(),
        };
        let stream = address.connect(Keepalive::default(), attempt)?;
        return Ok(Some(Endpoint::of_stream(stream)));
    }
    let launches = arguments.get("launches").and_then(launches::read);
    let launches = launches.ok_or_else(|| unknown("neither launches nor an address"))?;
    let name = format!("proxy {}", data.id());
    let started = launches::start(&name, &launches, || Box::new(StderrEvents(control.clone())))?;
    Ok(started.map(|started| Endpoint {
        reader: Box::new(started.stdout),
        writer: Box::new(started.stdin),
        kill_handle: KillHandle::Process(started.process),
    }))
}

/// The deadline of the controller, which sends it in seconds.
pub(super) fn deadline(arguments: &Kwargs) -> Deadline {
    let seconds = arguments.get("timeout").and_then(Value::as_f64);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Deadline::after_optional(timeout)
}

/// Kill requests of the controller, which may come before there is an endpoint.
#[derive(Clone, Default)]
struct KillSwitch(Arc<Mutex<KillState>>);

#[derive(Default)]
struct KillState {
    killed: bool,
    kill_handle: Option<KillHandle>,
}

impl KillSwitch {
    fn is_killed(&self) -> bool {
        self.0.lock().killed
    }

    fn kill(&self) {
        let mut state = self.0.lock();
        state.killed = true;
        let kill_handle = state.kill_handle.clone();
        drop(state);
        kill_handle.iter().for_each(KillHandle::kill);
    }

    /// Sets what a kill request ends. If one came before, ends it at once.
    fn reach(&self, kill_handle: &KillHandle) {
        let mut state = self.0.lock();
        state.kill_handle = Some(kill_handle.clone());
        let killed = state.killed;
        drop(state);
        if killed {
            kill_handle.kill();
        }
    }

    fn listen(&self, control: &Channel) -> io::Result<()> {
        let kill_switch = self.clone();
        let listening = control.set_callback(move |item| {
            if text(item.into_value()).is_some_and(|order| order == "kill") {
                kill_switch.kill();
            }
        });
        listening.map_err(io::Error::other)
    }
}

/// The process or connection whose streams are forwarded.
struct Endpoint {
    reader: Box<dyn Read + Send>,
    /// Dropping it closes the endpoint's input.
    writer: Box<dyn Write + Send>,
    kill_handle: KillHandle,
}

/// Ends the endpoint, or waits for its end.
#[derive(Clone)]
enum KillHandle {
    Process(Arc<Process>),
    Stream(Arc<Stream>),
}

impl Endpoint {
    fn of_stream(stream: Stream) -> Self {
        let stream = Arc::new(stream);
        let (reader, writer) = StreamDuplex(Arc::clone(&stream)).split();
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            kill_handle: KillHandle::Stream(stream),
        }
    }

    /// Forwards until the endpoint and its output have ended. Returns how a process ended, in Python's convention.
    fn run(self, data: &Channel, control: &Channel) -> io::Result<Option<i32>> {
        let Self {
            mut reader,
            writer,
            kill_handle,
        } = self;
        let input = Input {
            data: data.clone(),
            control: control.clone(),
            writer,
        };
        let feeder = thread::Builder::new().name(format!("proxy {} input", data.id()));
        // Not joined: it ends with the data channel or with the endpoint's input. Both directions need a thread, as
        // either may block while the other has work.
        feeder.spawn(move || input.feed())?;
        pump(&mut reader, data);
        // Before the wait: the controller sees the end of the output even if the process runs on without it.
        data.close();
        Ok(kill_handle.wait())
    }
}

/// Forwards the endpoint's output to the controller.
fn pump(reader: &mut impl Read, data: &Channel) {
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(size) => {
                // Read on if the controller is gone: the endpoint must not block on its output.
                let _ = data.send(Bytes(piece.get(..size).unwrap_or_default()));
            }
        }
    }
}

struct Input {
    data: Channel,
    control: Channel,
    writer: Box<dyn Write + Send>,
}

impl Input {
    /// Forwards what the controller sends to the endpoint's input, until `None` or the end of the channel.
    fn feed(mut self) {
        let mut wrote = 0;
        while let Ok(item) = self.data.receive() {
            let Some(bytes) = bytes(item.into_value()) else {
                break;
            };
            if self.writer.write_all(&bytes).is_err() {
                send_event(&self.control, "deaf", ());
                break;
            }
            wrote += bytes.len();
            // Acknowledged when written and not when received: the window bounds what waits in this process.
            if wrote >= STEP {
                send_event(&self.control, "wrote", core::mem::take(&mut wrote) as u64);
            }
        }
    }
}

/// Sends the endpoint's standard error as events.
struct StderrEvents(Channel);

impl Sink for StderrEvents {
    fn push(&mut self, bytes: &[u8]) {
        send_event(&self.0, "stderr", Bytes(bytes));
    }
}

impl KillHandle {
    fn kill(&self) {
        match self {
            Self::Process(process) => process.signal_kill(),
            Self::Stream(stream) => stream.cut(),
        }
    }

    fn wait(&self) -> Option<i32> {
        match self {
            Self::Process(process) => {
                let end = process.wait(Deadline::NEVER);
                // All of its standard error goes out before its exit.
                process.drain_stderr();
                end.and_then(ExitInfo::exit).and_then(number)
            }
            Self::Stream(_) => None,
        }
    }
}

/// In Python's convention: the status, or the negated signal. `None` if unknown.
fn number(exit: Exit) -> Option<i32> {
    let signal = exit.signal().map(i32::wrapping_neg);
    signal.or(exit.code())
}

/// Sends an event; the controller may be gone.
fn send_event(control: &Channel, what: &str, value: impl execnet_serializer::Dump) {
    let _ = control.send((what, value));
}
