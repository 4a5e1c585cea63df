//! Threads that wait for items, for the end of a channel, for credit, and for room in an inbox.

use alloc::vec::Vec;

use execnet_core_sync::frame::MessageCode;
use execnet_core_sync::{
    Channel, InboxLimits, OverflowPolicy, ReceiveError, SendError, WaitCloseError,
};
use execnet_serializer::DumpOptions;
use loom::thread;

use crate::model;
use crate::scene::{close, frame, item, number, scene};

/// Two threads receive two items and the end: each item goes to one of them, and both see the end.
#[test]
fn the_inbox_gives_each_item_once_and_all_see_the_end() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |config| config);
        let other = scene.channel.clone();
        scene.speaks.open();
        let receiver = thread::spawn(move || received(&other));
        let mut all = received(&scene.channel);
        all.extend(receiver.join().unwrap());
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        scene.finish();
    });
}

fn received(channel: &Channel) -> Vec<i64> {
    let mut numbers = Vec::new();
    loop {
        match channel.receive() {
            Ok(item) => numbers.push(number(&item)),
            Err(ReceiveError::Closed) => return numbers,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The notification of an item does not go to a thread that waits for the end.
#[test]
fn an_item_reaches_a_receiver_beside_a_thread_in_wait_close() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |config| config);
        let other = scene.channel.clone();
        scene.speaks.open();
        let waiter = thread::spawn(move || other.wait_close());
        assert_eq!(number(&scene.channel.receive().unwrap()), 1);
        waiter.join().unwrap().unwrap();
        scene.finish();
    });
}

/// The end of the link wakes threads that wait for the end of a channel, and for credit.
#[test]
fn the_end_of_the_link_wakes_all_waiting_threads() {
    model(2, || {
        let scene = scene(Vec::new(), |config| config.with_credit(Some(1)));
        scene.channel.send(1).unwrap();
        let other = scene.channel.clone();
        scene.leaves.open();
        let sender = thread::spawn(move || other.send(2));
        let end = scene.channel.wait_close();
        assert!(matches!(end, Err(WaitCloseError::Disconnected(_))));
        let sent = sender.join().unwrap();
        assert!(matches!(sent, Err(SendError::Disconnected(_))), "{sent:?}");
        scene.finish();
    });
}

/// Credit that arrives while a sender begins to wait for it wakes the sender.
#[test]
fn a_sender_that_waits_for_credit_is_woken() {
    model(2, || {
        let credit = frame(
            MessageCode::ChannelCredit,
            &DumpOptions::wire().dumps(&100).unwrap(),
        );
        let scene = scene([credit, close()].into(), |config| {
            config.with_credit(Some(1))
        });
        scene.channel.send(1).unwrap();
        scene.speaks.open();
        // The item is sent, or the close came first.
        let sent = scene.channel.send(2);
        assert!(matches!(sent, Ok(()) | Err(SendError::Closed)), "{sent:?}");
        scene.channel.wait_close().unwrap();
        scene.finish();
    });
}

/// A paused reader continues when an item was taken.
#[test]
fn a_reader_that_pauses_is_woken() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |config| {
            let inbox = InboxLimits::default().with_channel(Some(1));
            config.with_inbox(inbox.with_overflow(OverflowPolicy::Pause))
        });
        scene.speaks.open();
        assert_eq!(received(&scene.channel), [1, 2]);
        scene.finish();
    });
}
