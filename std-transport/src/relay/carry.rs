//! The middle in Rust: starts a process or connects to a socket, and carries the streams.

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
use crate::peer::{End, Peer as _};
use crate::process::Process;
use crate::socket::{Address, Attempt, Keepalive, Split as _, Stream, StreamWire};
use crate::stderr::Sink;
use crate::sync::Mutex;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Bytes that are read and passed on at a time.
const PIECE: usize = 64 * 1024;

/// Serves one `via=`, until the far side has ended.
pub(super) fn carry(channel: &Channel, arguments: Kwargs) -> Outcome {
    let item = channel.receive()?;
    let [data, control] = item.channels() else {
        return Err("the first item is not two channels".into());
    };
    let orders = Orders::default();
    orders.listen(control)?;
    let far = match open(data, control, &orders, &arguments) {
        Ok(Some(far)) => far,
        Ok(None) => return Ok(control.send(("missing", ()))?),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            return Ok(control.send(("failed", (number, error.to_string())))?);
        }
    };
    orders.reach(&far.hand);
    control.send(("started", ()))?;
    let exit = far.run(data, control)?;
    if let Some(exit) = exit {
        tell(control, "exit", exit);
    }
    control.close();
    Ok(())
}

fn open(
    data: &Channel,
    control: &Channel,
    orders: &Orders,
    arguments: &Kwargs,
) -> io::Result<Option<Far>> {
    let unknown = |problem| io::Error::new(io::ErrorKind::InvalidInput, problem);
    if let Some(address) = arguments.get_str("address") {
        let address = Address::from_value(address);
        let address = address.ok_or_else(|| unknown("an address of no kind known"))?;
        let attempt = Attempt {
            deadline: deadline(arguments),
            ended: &|| orders.is_killed(),
        };
        let connected = address.connect(Keepalive::default(), attempt);
        return match connected {
            Ok(stream) => Ok(Some(Far::of_stream(stream))),
            Err((_, error)) => Err(error),
        };
    }
    let launches = arguments.get_str("launches").and_then(launches::read);
    let launches = launches.ok_or_else(|| unknown("neither launches nor an address"))?;
    let name = format!("relay {}", data.id());
    let started = launches::start(&name, &launches, || Box::new(Complaints(control.clone())))?;
    Ok(started.map(|started| Far {
        reader: Box::new(started.stdout),
        writer: Box::new(started.stdin),
        hand: Hand::Process(started.process),
    }))
}

/// The controller's own, sent in seconds.
pub(super) fn deadline(arguments: &Kwargs) -> Deadline {
    let seconds = arguments.get_str("patience").and_then(Value::as_f64);
    let patience = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Deadline::after_optional(patience)
}

/// What the controller orders: before there is a far side, and after.
#[derive(Clone, Default)]
struct Orders(Arc<Mutex<Ordered>>);

#[derive(Default)]
struct Ordered {
    killed: bool,
    hand: Option<Hand>,
}

impl Orders {
    fn is_killed(&self) -> bool {
        self.0.lock().killed
    }

    fn kill(&self) {
        let mut ordered = self.0.lock();
        ordered.killed = true;
        let hand = ordered.hand.clone();
        drop(ordered);
        hand.iter().for_each(Hand::kill);
    }

    /// From now on this is what is killed: at once, if the order came before.
    fn reach(&self, hand: &Hand) {
        let mut ordered = self.0.lock();
        ordered.hand = Some(hand.clone());
        let killed = ordered.killed;
        drop(ordered);
        if killed {
            hand.kill();
        }
    }

    fn listen(&self, control: &Channel) -> io::Result<()> {
        let orders = self.clone();
        let listening = control.set_callback(move |item| {
            if text(item.into_value()).is_some_and(|order| order == "kill") {
                orders.kill();
            }
        });
        listening.map_err(io::Error::other)
    }
}

/// What is at the other end of the streams.
struct Far {
    reader: Box<dyn Read + Send>,
    /// Dropping it ends what it writes to.
    writer: Box<dyn Write + Send>,
    hand: Hand,
}

/// What can be done to it.
#[derive(Clone)]
enum Hand {
    Process(Arc<Process>),
    Stream(Arc<Stream>),
}

impl Far {
    fn of_stream(stream: Stream) -> Self {
        let stream = Arc::new(stream);
        let (reader, writer) = StreamWire(Arc::clone(&stream)).split();
        Self {
            reader: Box::new(reader),
            writer: Box::new(writer),
            hand: Hand::Stream(stream),
        }
    }

    /// Carries until both its output and it itself have ended; how it ended, in Python's numbers, where that is known.
    fn run(self, data: &Channel, control: &Channel) -> io::Result<Option<i32>> {
        let Self {
            mut reader,
            writer,
            hand,
        } = self;
        let input = Input {
            data: data.clone(),
            control: control.clone(),
            writer,
        };
        let feeder = thread::Builder::new().name(format!("relay {} input", data.id()));
        feeder.spawn(move || input.feed())?;
        pump(&mut reader, data);
        data.close();
        Ok(hand.wait())
    }
}

/// What it writes goes to the controller.
fn pump(reader: &mut impl Read, data: &Channel) {
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(size) => {
                // Where nobody listens any more, the far side must not get stuck on that.
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
    /// What the controller sends goes to the far side; None, or the channel's end, ends that.
    fn feed(mut self) {
        let mut wrote = 0;
        while let Ok(item) = self.data.receive() {
            let Some(bytes) = bytes(item.into_value()) else {
                break;
            };
            if self.writer.write_all(&bytes).is_err() {
                tell(&self.control, "deaf", ());
                break;
            }
            wrote += bytes.len();
            if wrote >= STEP {
                tell(&self.control, "wrote", core::mem::take(&mut wrote) as u64);
            }
        }
    }
}

/// Tells of what the far side writes to its standard error.
struct Complaints(Channel);

impl Sink for Complaints {
    fn push(&mut self, bytes: &[u8]) {
        tell(&self.0, "stderr", Bytes(bytes));
    }
}

impl Hand {
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
                // The controller is to have its last words before its end.
                process.drain_stderr();
                end.and_then(End::exit).and_then(number)
            }
            Self::Stream(_) => None,
        }
    }
}

/// The status, or the signal below zero; `None` if nobody knows.
fn number(exit: Exit) -> Option<i32> {
    let signal = exit.signal().map(i32::wrapping_neg);
    signal.or(exit.code())
}

/// Nobody may listen any more.
fn tell(control: &Channel, what: &str, value: impl execnet_serializer::Dump) {
    let _ = control.send((what, value));
}
