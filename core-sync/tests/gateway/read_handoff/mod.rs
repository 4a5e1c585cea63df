//! Receivers that read the link themselves: no other thread of the gateway waits for them, and they wait for none.
//! The link counts the waits of receivers, and panics on request.

mod receivers;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use execnet_core_sync::frame::MessageCode;
use execnet_core_sync::link::{Link, NoControl, PollReader, Ready};
use execnet_core_sync::testing::{self, PIPE_CAPACITY, Script, Valve, within};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role};

use crate::support::{LIMIT, exec, expect};

/// Counts the waits of receivers that read.
struct Counted {
    valve: Valve,
    waits: AtomicUsize,
    is_waited_for: AtomicBool,
    fails: bool,
}

impl Counted {
    /// Whether a receiver waits for the link, or does so in a moment.
    fn is_waited_for(&self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(20) {
            if self.is_waited_for.load(Ordering::SeqCst) {
                return true;
            }
            thread::yield_now();
        }
        false
    }
}

impl PollReader for Counted {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.waits.fetch_add(1, Ordering::SeqCst);
        if self.fails {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.is_waited_for.store(true, Ordering::SeqCst);
        let ready = self.valve.wait(timeout);
        self.is_waited_for.store(false, Ordering::SeqCst);
        ready
    }

    fn interrupt(&self) {
        self.valve.interrupt();
    }
}

/// One half of a link, whose next use panics once it is armed.
struct Armed<T>(T, Arc<AtomicBool>);

impl<T> Armed<T> {
    fn used(&self) {
        assert!(
            !self.1.swap(false, Ordering::SeqCst),
            "this panic is part of the test"
        );
    }
}

impl<T: Read> Read for Armed<T> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.used();
        self.0.read(room)
    }
}

impl<T: Write> Write for Armed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.used();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Setting {
    gateway: Gateway,
    peer: Script,
    poll_reader: Arc<Counted>,
    /// Has the next read, or the next write, panic.
    read_panics: Arc<AtomicBool>,
    write_panics: Arc<AtomicBool>,
}

fn setting(fails: bool) -> Setting {
    let (reader, writer, peer) = testing::scripted_halves(PIPE_CAPACITY);
    let poll_reader = Arc::new(Counted {
        valve: reader.valve(),
        waits: AtomicUsize::new(0),
        is_waited_for: AtomicBool::new(false),
        fails,
    });
    let [read_panics, write_panics] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let link = Link::from_std(
        Armed(reader, read_panics.clone()),
        Armed(writer, write_panics.clone()),
        Arc::new(NoControl),
    );
    let link = link.with_poll_reader(poll_reader.clone());
    let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
    Setting {
        gateway,
        peer,
        poll_reader,
        read_panics,
        write_panics,
    }
}

/// A thread that asks and receives answers, until one is no int or there comes none. Then it does something else.
fn ask<T: Send + 'static>(
    channel: &Channel,
    then: fn(&Channel, Result<(), ReceiveError>) -> T,
) -> JoinHandle<T> {
    let channel = channel.clone();
    thread::spawn(move || {
        loop {
            channel.send(1).unwrap();
            match channel.receive() {
                Ok(item) if item.as_i64().is_some() => {}
                other => return then(&channel, other.map(drop)),
            }
        }
    })
}

/// Runs a test with a thread that reads the link while it waits for an answer.
fn asking<T: Send + 'static>(
    then: fn(&Channel, Result<(), ReceiveError>) -> T,
    body: impl FnOnce(Setting, Channel, JoinHandle<T>) + Send + 'static,
) {
    within(LIMIT, move || {
        let mut setting = setting(false);
        let channel = exec(&setting.gateway, &mut setting.peer);
        let asking = ask(&channel, then);
        loop {
            expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
            // Once it reads, it reads until something comes, as the earlier answers have been received.
            if setting.poll_reader.is_waited_for() {
                break;
            }
            setting.peer.send(channel.id(), 1).unwrap();
        }
        body(setting, channel, asking);
    });
}
