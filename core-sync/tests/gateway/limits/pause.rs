//! Inboxes with a limit at which the reader pauses until there is room.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::thread::JoinHandle;

use execnet_core_sync::frame::MessageCode::ChannelCloseError;
use execnet_core_sync::{
    Channel, GatewayConfig, InboxLimits, OverflowPolicy, ReceiveError, SendError,
};
use execnet_serializer::{Bytes, DumpOptions, Value};

use crate::support::{SOON, eventually, exec, with_gateway_of, with_pair_of};

fn pausing(config: GatewayConfig) -> GatewayConfig {
    let inbox = InboxLimits::default().with_channel(Some(10_000));
    config.with_inbox(inbox.with_overflow(OverflowPolicy::Pause))
}

#[test]
fn a_reader_that_pauses_loses_nothing_and_holds_up_the_sender() {
    with_pair_of(pausing, |near, far| {
        const ITEMS: usize = 400;
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let (_far, sender) = far;
        let sending = std::thread::spawn(move || {
            for number in 0..ITEMS {
                sender.send((number as i64, Bytes(vec![0; 5000]))).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            }
            sender
        });
        for number in 0..ITEMS {
            // The pipe alone holds ten of these; with the reader's buffer and the inbox it is less than 40.
            let ahead = ITEMS.min(number + 10);
            eventually("the sender is ahead", || {
                sent.load(Ordering::SeqCst) >= ahead
            });
            let sent = sent.load(Ordering::SeqCst);
            assert!(sent < number + 40, "{sent} went out, {number} were taken");
            let item = near.1.receive().unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}

/// The error of a channel with a callback may never be taken.
#[test]
fn the_error_of_a_channel_does_not_pause_the_reader() {
    with_gateway_of(pausing, |gateway, mut peer| {
        let (failed, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
        let text = DumpOptions::wire().dumps(&*"x".repeat(20_000)).unwrap();
        peer.write(ChannelCloseError, failed.id(), &text).unwrap();
        peer.send(other.id(), "read").unwrap();
        assert_eq!(other.receive_timeout(SOON).unwrap(), Value::from("read"));
        drop(failed);
    });
}

#[test]
fn a_callback_that_fails_on_a_full_channel_resumes_the_reader() {
    with_gateway_of(pausing, |gateway, mut peer| {
        let (failing, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
        let (release, released) = std::sync::mpsc::channel::<()>();
        failing
            .set_callback(move |_| {
                let _ = released.recv();
                Err::<(), _>("failed")
            })
            .unwrap();
        for _ in 0..4 {
            peer.send(failing.id(), Bytes(vec![0; 6000])).unwrap();
        }
        peer.send(other.id(), "read").unwrap();
        let waiting = other.receive_timeout(Duration::from_millis(100));
        assert!(matches!(waiting, Err(ReceiveError::Timeout)), "{waiting:?}");
        release.send(()).unwrap();
        assert_eq!(other.receive_timeout(SOON).unwrap(), Value::from("read"));
    });
}

/// A thread that sends until it cannot any more, which is known to have filled the pipe and the inbox of its peer: they
/// hold 13 and 2 of the items, so that the reader pauses.
fn fill(sender: Channel) -> JoinHandle<SendError> {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let sending = std::thread::spawn(move || {
        loop {
            if let Err(error) = sender.send(Bytes(vec![0; 5000])) {
                return error;
            }
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    eventually("the inbox and the pipe are full", || {
        sent.load(Ordering::SeqCst) >= 15
    });
    sending
}

#[test]
fn exiting_while_the_reader_pauses_still_ends_the_gateway() {
    with_pair_of(pausing, |near, far| {
        let (far, sender) = far;
        let sending = fill(sender);
        near.0.exit();
        assert!(near.0.join_timeout(SOON) || far.join_timeout(SOON));
        far.exit();
        assert!(near.0.join_timeout(SOON), "the near reader still pauses");
        sending.join().unwrap();
    });
}

#[test]
fn dropping_a_full_channel_resumes_the_reader() {
    with_pair_of(pausing, |near, far| {
        let (near, full) = near;
        let (far, sender) = far;
        let sending = fill(sender);
        drop(full);
        assert!(matches!(sending.join().unwrap(), SendError::Closed));
        drop((near, far));
    });
}
