//! Calls that a controller must not make, and frames that are no calls: each is refused alone.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::Barrier;
use std::thread;

use execnet_core_sync::frame::MessageCode::{
    self, ChannelClose, ChannelCloseError, ChannelData, ChannelExec,
};
use execnet_core_sync::testing::{PIPE_CAPACITY, within};
use execnet_core_sync::{Channel, GatewayConfig, Grace, Role, ServeError, Worker};
use execnet_serializer::{Bytes, ChannelId, Dict, DumpOptions, LoadOptions, Value};

use crate::support::{self, LIMIT, eventually};
use crate::{echo, request, scripted, worker};

#[test]
fn calls_on_ids_that_a_controller_may_not_use_are_refused_alone() {
    scripted(worker(), |mut peer, served| {
        let first = ChannelId(1);
        peer.write(ChannelExec, first, &request("echo")).unwrap();
        // In use, no id, negative, and one of the worker's own.
        for id in [1, 0, -1, i32::MIN, 2] {
            let id = ChannelId(id);
            peer.write(ChannelExec, id, &request("echo")).unwrap();
            let refusal = support::expect(&mut peer, ChannelCloseError, id);
            assert_eq!(
                LoadOptions::wire().loads(&refusal.payload).unwrap(),
                Value::from("execution on this channel id is refused")
            );
            // The refused call has not replaced the running one.
            peer.send(first, 7).unwrap();
            support::expect(&mut peer, ChannelData, first);
        }
        peer.write(ChannelClose, first, b"").unwrap();
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn calls_count_as_channels_that_the_controller_has_made() {
    let config = GatewayConfig::new("worker", Role::Worker).with_max_peer_channels(3);
    let mut worker = Worker::with_config(config);
    worker.register("echo", echo);
    scripted(worker, |mut peer, served| {
        for id in [1, 3, 5] {
            peer.write(ChannelExec, ChannelId(id), &request("echo"))
                .unwrap();
        }
        let fourth = ChannelId(7);
        peer.write(ChannelExec, fourth, &request("echo")).unwrap();
        support::expect(&mut peer, ChannelCloseError, fourth);
        // One end makes room, as soon as the worker has let its channel go.
        peer.write(ChannelClose, ChannelId(1), b"").unwrap();
        let mut accepted = false;
        while !accepted {
            peer.write(ChannelExec, fourth, &request("echo")).unwrap();
            peer.send(fourth, 7).unwrap();
            let frame = peer.expect().unwrap();
            assert_eq!(frame.channel, fourth);
            accepted = frame.code == ChannelData;
        }
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

/// The controller may use an id again once its channel is gone, which is before the thread of the earlier call is done
/// with it.
#[test]
fn a_call_on_an_id_that_was_just_in_use_counts_as_running() {
    // A large request takes the thread a while to free, when the channel is gone already.
    let large = Bytes(vec![0; 16 << 20]);
    let large = DumpOptions::wire()
        .dumps(&("nothing", large, (), Dict::new()))
        .unwrap();
    for _ in 0..3 {
        let large = large.clone();
        let entered = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Barrier::new(2));
        let (inside, held) = (entered.clone(), gate.clone());
        let mut worker = worker();
        worker.register("holds", move |_: &Channel| {
            inside.fetch_add(1, Ordering::SeqCst);
            held.wait();
        });
        worker = worker.with_grace(
            Grace::default()
                .with_interrupt(Duration::ZERO)
                .with_leave(Duration::from_millis(1)),
        );
        scripted(worker, move |mut peer, served| {
            let id = ChannelId(1);
            // It takes the thread that serves, which has to be free to return.
            let first = ChannelId(3);
            peer.write(ChannelExec, first, &request("echo")).unwrap();
            peer.send(first, 7).unwrap();
            support::expect(&mut peer, ChannelData, first);
            // Two threads that have nothing to do: one takes the first call, the other the second.
            for other in [5, 7].map(ChannelId) {
                peer.write(ChannelExec, other, &request("echo")).unwrap();
                peer.send(other, 7).unwrap();
                support::expect(&mut peer, ChannelData, other);
            }
            for other in [5, 7].map(ChannelId) {
                peer.write(ChannelClose, other, b"").unwrap();
            }
            peer.write(ChannelExec, id, &large).unwrap();
            support::expect(&mut peer, ChannelClose, id);
            loop {
                peer.write(ChannelExec, id, &request("holds")).unwrap();
                peer.write(MessageCode::Status, ChannelId(9), b"").unwrap();
                let frame = peer.expect().unwrap();
                let refused = frame.code == ChannelCloseError;
                if refused {
                    support::expect(&mut peer, ChannelData, ChannelId(9));
                }
                support::expect(&mut peer, ChannelClose, ChannelId(9));
                if !refused {
                    break;
                }
            }
            eventually("it runs", || entered.load(Ordering::SeqCst) == 1);
            peer.hang_up();
            let served = served.join().unwrap();
            assert!(
                matches!(&served, Err(ServeError::StillRunning(names)) if names.iter().any(|name| name == "holds")),
                "{served:?}"
            );
            gate.wait();
        });
    }
}

#[test]
fn a_malformed_request_closes_its_channel_alone() {
    let (link, mut peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
    let served = thread::spawn(move || worker().serve(link));
    within(LIMIT, move || {
        let payloads: [&[u8]; 4] = [b"", b"Q", b"F\0\0\0\x01Q", b"LLLL@\0\0\0\x04Q"];
        for (n, payload) in payloads.into_iter().enumerate() {
            let id = ChannelId(2 * n as i32 + 1);
            peer.write(ChannelExec, id, payload).unwrap();
            support::expect(&mut peer, ChannelCloseError, id);
        }
        peer.hang_up();
        served.join().unwrap().unwrap();
    });
}

#[test]
fn serving_reports_a_controller_that_breaks_the_protocol() {
    let (link, mut peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
    let served = thread::spawn(move || worker().serve(link));
    within(LIMIT, move || {
        peer.write_raw(b"Welcome!!").unwrap();
        let error = served.join().unwrap().unwrap_err();
        assert!(matches!(error, ServeError::Disconnected(_)), "{error:?}");
        assert!(peer.next_frame().unwrap().is_none());
    });
}
