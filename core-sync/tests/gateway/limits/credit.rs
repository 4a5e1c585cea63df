//! Credit: a sender waits for the receiver of its channel, and for no other.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use execnet_core_sync::frame::MessageCode::{ChannelCredit, ChannelData};
use execnet_core_sync::session::ITEM_COST;
use execnet_core_sync::{Channel, ReceiveError, SendError};
use execnet_serializer::{Bytes, DumpOptions, Value};

use super::credit;
use crate::support::{SOON, eventually, exec, expect, with_gateway_of, with_pair_of};

#[test]
fn a_sender_without_credit_waits_and_other_channels_proceed() {
    with_pair_of(credit, |near, far| {
        const ITEMS: usize = 1000;
        let (near, channel) = near;
        let (far, sender) = far;
        let other = execnet_core_sync::testing::channel_between(&near, &far).unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let sending = std::thread::spawn(move || {
            for number in 0..ITEMS {
                sender.send((number as i64, Bytes(vec![0; 1000]))).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            }
            sender
        });
        eventually("the window is used up", || sent.load(Ordering::SeqCst) > 80);
        for number in 0..500 {
            other.1.send(number).unwrap();
            assert_eq!(other.0.receive().unwrap(), Value::from(number));
        }
        // A window, and the one item that goes above it.
        assert!(
            sent.load(Ordering::SeqCst) <= 100_000 / 1064 + 2,
            "{sent:?}"
        );
        for number in 0..ITEMS {
            let item = channel.receive().unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}

#[test]
fn an_item_larger_than_the_window_goes_through() {
    with_pair_of(credit, |near, far| {
        let sending = std::thread::spawn(move || {
            for _ in 0..5 {
                far.1.send(Bytes(vec![1; 1_000_000])).unwrap();
            }
        });
        for _ in 0..5 {
            let item = near.1.receive().unwrap();
            assert_eq!(item.as_bytes().unwrap().len(), 1_000_000);
        }
        sending.join().unwrap();
    });
}

/// A thread that sends until it cannot any more, and is known to wait for credit.
fn stuck(sender: Channel) -> std::thread::JoinHandle<SendError> {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let thread = std::thread::spawn(move || {
        loop {
            if let Err(error) = sender.send(Bytes(vec![0; 1000])) {
                return error;
            }
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    eventually("the window is used up", || {
        sent.load(Ordering::SeqCst) == 94
    });
    thread
}

#[test]
fn a_sender_that_waits_for_credit_notices_the_close() {
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        near.1.close();
        assert!(matches!(sender.join().unwrap(), SendError::Closed));
    });
}

#[test]
fn a_sender_that_waits_for_credit_notices_its_own_close() {
    with_pair_of(credit, |_near, far| {
        let sender = stuck(far.1.clone());
        far.1.close();
        assert!(matches!(sender.join().unwrap(), SendError::Closed));
    });
}

#[test]
fn a_sender_that_waits_for_credit_notices_the_end_of_the_gateway() {
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        far.0.exit();
        assert!(matches!(sender.join().unwrap(), SendError::Disconnected(_)));
        drop(near);
    });
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        near.0.exit();
        assert!(matches!(sender.join().unwrap(), SendError::Disconnected(_)));
    });
}

#[test]
fn callbacks_give_credit_too() {
    with_pair_of(credit, |near, far| {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = seen.clone();
        near.1
            .set_callback(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        far.1
            .send_all((0..2000).map(|_| Bytes(vec![0; 1000])))
            .unwrap();
        far.1.close();
        near.1.wait_close_timeout(SOON).unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 2000);
    });
}

#[test]
fn without_credit_the_frame_is_unknown() {
    with_gateway_of(
        |config| config,
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            let code = execnet_core_sync::frame::MessageCode::ChannelCredit;
            peer.write(code, channel.id(), b"F\0\0\0\x01Q").unwrap();
            assert!(matches!(
                channel.receive(),
                Err(ReceiveError::Disconnected(_))
            ));
        },
    );
}

/// What an item that is an int costs: its opcode, four bytes and the end.
const INT_COST: usize = 6 + ITEM_COST;

#[test]
fn items_sent_at_once_use_up_as_much_credit_as_single_ones() {
    with_gateway_of(
        |config| config.with_credit(Some(10 * INT_COST + 1)),
        |gateway, mut peer| {
            let (channel, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
            channel.send_all(0..10).unwrap();
            // There is room for a byte, and so for an item more.
            channel.send(10).unwrap();
            let sender = channel.clone();
            let sending = std::thread::spawn(move || sender.send(11));
            execnet_core_sync::testing::give_way();
            other.send("marker").unwrap();
            for _ in 0..11 {
                expect(&mut peer, ChannelData, channel.id());
            }
            expect(&mut peer, ChannelData, other.id());
            let credit = DumpOptions::wire().dumps(&(INT_COST as u32)).unwrap();
            peer.write(ChannelCredit, channel.id(), &credit).unwrap();
            expect(&mut peer, ChannelData, channel.id());
            sending.join().unwrap().unwrap();
        },
    );
}

/// The peer stays, and gives nothing.
#[test]
fn exiting_wakes_a_sender_that_waits_for_credit() {
    with_gateway_of(
        |config| config.with_credit(Some(1)),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            channel.send(1).unwrap();
            let sending = std::thread::spawn(move || channel.send(2));
            // It most likely waits by then; else it finds the gateway exited.
            execnet_core_sync::testing::give_way();
            gateway.exit();
            let error = sending.join().unwrap().unwrap_err();
            assert!(error.is_disconnected(), "{error:?}");
            peer.hang_up();
        },
    );
}
