//! Limits on calls that wait for a thread: their ids, their number and their bytes.

use core::num::NonZeroUsize;
use std::thread;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec, Status,
};
use execnet_core_sync::testing::{self, PIPE_CAPACITY, Script, within};
use execnet_core_sync::{
    Channel, GatewayConfig, InboxLimits, OverflowPolicy, ReceiveError, Role, Worker,
};
use execnet_serializer::{ChannelId, Dict, DumpOptions, LoadOptions, Value};

use crate::support::{LIMIT, expect};

/// Runs a test with the script of the controller of a worker that runs this many calls at a time.
fn with_worker(
    threads: usize,
    configure: fn(GatewayConfig) -> GatewayConfig,
    body: impl FnOnce(&mut Script) + Send + 'static,
) {
    within(LIMIT, move || {
        let (link, mut peer) = testing::scripted(PIPE_CAPACITY);
        let config = configure(GatewayConfig::new("worker", Role::Worker));
        let mut worker = Worker::with_config(config);
        worker = worker.with_max_threads(NonZeroUsize::new(threads).unwrap());
        worker.register("echo", |channel: &Channel| {
            loop {
                match channel.receive() {
                    Ok(item) => channel.send(&*item)?,
                    Err(ReceiveError::Closed | ReceiveError::Disconnected(_)) => return Ok(()),
                    Err(error) => {
                        return Err(Box::<dyn core::error::Error + Send + Sync>::from(error));
                    }
                }
            }
        });
        let serving = thread::spawn(move || worker.serve(link));
        body(&mut peer);
        peer.hang_up();
        serving.join().unwrap().unwrap();
    });
}

/// Asks for a call of `echo`, whose source has this many blanks more.
fn ask(peer: &mut Script, id: i32, blanks: usize) {
    let source = format!("echo{}", " ".repeat(blanks));
    let call = (source, Value::None, Value::None, Dict::new());
    let payload = DumpOptions::wire().dumps(&call).unwrap();
    peer.write(ChannelExec, ChannelId(id), &payload).unwrap();
}

fn is_refused(peer: &mut Script, id: i32, text: &str) {
    let frame = expect(peer, ChannelCloseError, ChannelId(id));
    assert_eq!(
        LoadOptions::wire().loads(&frame.payload).unwrap(),
        Value::from(text)
    );
}

/// The call on this channel runs.
fn is_served(peer: &mut Script, id: i32) {
    peer.send(ChannelId(id), "are you there").unwrap();
    let frame = expect(peer, ChannelData, ChannelId(id));
    let answer = LoadOptions::wire().loads(&frame.payload).unwrap();
    assert_eq!(answer, Value::from("are you there"));
}

const REFUSED_ID: &str = "execution on this channel id is refused";

const TOO_MUCH: &str = "execution is refused: too many calls are waiting";

#[test]
fn a_call_on_an_id_that_it_may_not_have_is_refused() {
    with_worker(
        8,
        |config| config,
        |peer| {
            ask(peer, 1, 0);
            is_served(peer, 1);
            // In use, none, negative, and one that is the worker's to allot.
            for id in [1, 0, -1, i32::MIN, 2, i32::MAX - 1] {
                ask(peer, id, 0);
                is_refused(peer, id, REFUSED_ID);
                // That of the living channel closes nothing here.
                is_served(peer, 1);
            }
        },
    );
}

#[test]
fn calls_count_among_the_channels_that_a_peer_may_make() {
    with_worker(
        8,
        |config| config.with_max_peer_channels(3),
        |peer| {
            for id in [1, 3, 5] {
                ask(peer, id, 0);
                is_served(peer, id);
            }
            ask(peer, 7, 0);
            is_refused(peer, 7, REFUSED_ID);
            peer.write(ChannelClose, ChannelId(3), b"").unwrap();
            // The worker frees the id when the call has ended: it is asked until it has.
            let mut answered = false;
            for id in (9..).step_by(2).take(100_000) {
                ask(peer, id, 0);
                peer.send(ChannelId(id), 1).unwrap();
                let frame = peer.expect().unwrap();
                answered = frame.code == ChannelData;
                if answered {
                    break;
                }
                assert_eq!(frame.code, ChannelCloseError);
            }
            assert!(answered, "the end of a call makes no room");
        },
    );
}

fn small(config: GatewayConfig) -> GatewayConfig {
    config.with_inbox(InboxLimits::default().with_gateway(Some(10_000)))
}

fn small_and_pausing(config: GatewayConfig) -> GatewayConfig {
    let config = small(config);
    let inbox = config.inbox().with_overflow(OverflowPolicy::Pause);
    config.with_inbox(inbox)
}

#[test]
fn calls_that_wait_for_a_thread_count_as_received_items() {
    for pauses in [false, true] {
        let configure: fn(_) -> _ = if pauses { small_and_pausing } else { small };
        with_worker(1, configure, move |peer| {
            ask(peer, 1, 20_000);
            is_served(peer, 1);
            // It runs, and counts no more.
            ask(peer, 3, 6_000);
            ask(peer, 5, 6_000);
            ask(peer, 7, 0);
            is_refused(peer, 7, TOO_MUCH);
            // What runs still gets its items, also where the reader would pause.
            is_served(peer, 1);
            peer.write(ChannelClose, ChannelId(1), b"").unwrap();
            for id in [3, 5] {
                is_served(peer, id);
                peer.write(ChannelClose, ChannelId(id), b"").unwrap();
            }
            ask(peer, 9, 0);
            is_served(peer, 9);
        });
    }
}

#[test]
fn the_status_counts_open_channels_alone() {
    with_worker(
        8,
        |config| config,
        |peer| {
            let status = |peer: &mut Script| {
                peer.write(Status, ChannelId(99), b"").unwrap();
                let frame = expect(peer, ChannelData, ChannelId(99));
                expect(peer, ChannelClose, ChannelId(99));
                let answer = LoadOptions::wire().loads(&frame.payload).unwrap();
                let figure = |key: &str| answer.as_dict().unwrap().get(key).unwrap().as_i64();
                [figure("numchannels"), figure("numexecuting")]
            };
            assert_eq!(status(peer), [Some(0), Some(0)]);
            for id in [1, 3] {
                ask(peer, id, 0);
                is_served(peer, id);
            }
            assert_eq!(status(peer), [Some(2), Some(2)]);
        },
    );
}
