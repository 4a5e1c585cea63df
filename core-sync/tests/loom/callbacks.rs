//! A callback that is set while items arrive and while other threads receive.

use alloc::vec::Vec;
use std::sync::mpsc;

use execnet_core_sync::{Item, ReceiveError};
use loom::thread;

use crate::model;
use crate::scene::{close, item, number, scene};

/// A callback that is set while items arrive gets all of them, in order, and then the end. `wait_close` returns after that.
#[test]
fn a_callback_that_is_set_while_items_arrive_gets_all() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |config| config);
        let (sender, calls) = mpsc::channel();
        scene.speaks.open();
        scene
            .channel
            .set_callback_with_end_marker(move |item: Option<Item>| {
                let _ = sender.send(item.as_ref().map(number));
            })
            .unwrap();
        scene.channel.wait_close().unwrap();
        let calls: Vec<_> = calls.try_iter().collect();
        assert_eq!(calls, [Some(1), Some(2), None]);
        scene.finish();
    });
}

/// A thread that receives when a callback is set gets an error at once.
#[test]
fn setting_a_callback_ends_waiting_receives() {
    model(1, || {
        let scene = scene(Vec::new(), |config| config);
        let other = scene.channel.clone();
        let receiver = thread::spawn(move || other.receive());
        scene.channel.set_callback(|_: Item| ()).unwrap();
        let received = receiver.join().unwrap();
        assert!(
            matches!(received, Err(ReceiveError::HasCallback)),
            "{received:?}"
        );
        scene.finish();
    });
}

/// Each item goes either to the receiver or to the callback.
#[test]
fn an_item_goes_to_a_receiver_or_to_the_callback() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |config| config);
        let other = scene.channel.clone();
        let (sender, calls) = mpsc::channel();
        scene.speaks.open();
        let receiver = thread::spawn(move || match other.receive() {
            Ok(item) => Some(number(&item)),
            Err(ReceiveError::HasCallback | ReceiveError::Closed) => None,
            Err(error) => panic!("{error:?}"),
        });
        scene
            .channel
            .set_callback(move |item: Item| sender.send(number(&item)))
            .unwrap();
        scene.channel.wait_close().unwrap();
        let mut all: Vec<_> = receiver.join().unwrap().into_iter().collect();
        all.extend(calls.try_iter());
        assert_eq!(all, [1]);
        scene.finish();
    });
}
