//! The middle in Rust: starts a process or connects to a socket, and carries the streams.

use alloc::sync::Arc;
use core::error::Error;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::thread;

use execnet_core_sync::Channel;
use execnet_core_sync::exec::Kwargs;
use execnet_serializer::{Bytes, Value};

use super::launches;
use super::stream::{bytes, text};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::process::Process;
use crate::socket::{Keepalive, Split as _, Stream, StreamWire};
use crate::stderr::Sink;
use crate::transport::{End, Peer as _};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Bytes that are read and passed on at a time.
const PIECE: usize = 64 * 1024;

/// How long an address may take to answer. The controller has a deadline of its own.
const CONNECT_PATIENCE: Duration = Duration::from_secs(60);

/// Serves one `via=`, until the far side has ended.
pub(super) fn carry(channel: &Channel, arguments: Kwargs) -> Outcome {
    let item = channel.receive()?;
    let [data, control] = item.channels() else {
        return Err("the first item is not two channels".into());
    };
    let far = match open(data, control, &arguments) {
        Ok(Some(far)) => far,
        Ok(None) => return Ok(control.send(("missing", ()))?),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            return Ok(control.send(("failed", (number, error.to_string())))?);
        }
    };
    control.send(("started", ()))?;
    let exit = far.run(data, control)?;
    if let Some(exit) = exit {
        tell(control, "exit", exit);
    }
    control.close();
    Ok(())
}

fn open(data: &Channel, control: &Channel, arguments: &Kwargs) -> io::Result<Option<Far>> {
    let unknown = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "neither launches nor an address",
        )
    };
    if let Some(address) = arguments.get_str("address") {
        return connect(address).map(Far::of_stream).map(Some);
    }
    let launches = arguments.get_str("launches").and_then(launches::read);
    let name = format!("relay {}", data.id());
    let started = launches::start(&name, &launches.ok_or_else(unknown)?, || {
        Box::new(Complaints(control.clone()))
    })?;
    Ok(started.map(|started| Far {
        reader: Box::new(started.stdout),
        writer: Box::new(started.stdin),
        hand: Hand::Process(started.process),
    }))
}

fn connect(address: &Value) -> io::Result<Stream> {
    let unknown = || io::Error::new(io::ErrorKind::InvalidInput, "an address of no kind known");
    let Value::Tuple(parts) = address else {
        return Err(unknown());
    };
    match parts.as_slice() {
        [kind, host, port] if kind.as_str() == Some("tcp") => {
            let host = host.as_str().ok_or_else(unknown)?;
            let port = port.as_i64().and_then(|port| u16::try_from(port).ok());
            connect_tcp(host, port.ok_or_else(unknown)?)
        }
        [kind, path] if kind.as_str() == Some("unix") => {
            let path = path.as_str().ok_or_else(unknown)?;
            UnixStream::connect(path).map(Stream::Unix)
        }
        _ => Err(unknown()),
    }
}

/// Connects to the first of the host's addresses that takes it.
fn connect_tcp(host: &str, port: u16) -> io::Result<Stream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_PATIENCE) {
            Ok(stream) => return Stream::tcp(stream, Keepalive::default()),
            Err(error) => last = error,
        }
    }
    Err(last)
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
        let orders = hand.clone();
        control
            .set_callback(move |item| {
                if text(item.into_value()).is_some_and(|order| order == "kill") {
                    orders.kill();
                }
            })
            .map_err(io::Error::other)?;
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
        while let Ok(item) = self.data.receive() {
            let Some(bytes) = bytes(item.into_value()) else {
                break;
            };
            if self.writer.write_all(&bytes).is_err() {
                tell(&self.control, "deaf", ());
                break;
            }
            tell(&self.control, "wrote", bytes.len() as u64);
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
            Self::Stream(stream) => stream.shutdown(Shutdown::Both),
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
