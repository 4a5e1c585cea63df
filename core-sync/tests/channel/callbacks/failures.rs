//! Callbacks that fail, panic, or cannot be started: their channel ends with an error, and nothing else does.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelCloseError, ChannelData};
use execnet_core_sync::{CallbackError, Item, SetCallbackError, WaitCloseError, testing};
use execnet_serializer::{LoadOptions, Value};

use super::{collect, next};
use crate::support::{SOON, exec, expect, with_gateway};

#[test]
fn a_callback_that_panics_closes_its_channel_and_nothing_else() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = exec(&gateway, &mut peer);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        channel
            .set_callback_with_end_marker(move |item: Option<Item>| {
                counted.fetch_add(1, Ordering::SeqCst);
                if let Some(item) = item {
                    panic!("no use for {item}");
                }
            })
            .unwrap();
        let calls_of_other = collect(&other);
        peer.send(channel.id(), 42).unwrap();
        peer.send(channel.id(), 43).unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("no use for 42"), "{text}");
        match channel.wait_close_timeout(SOON) {
            Err(WaitCloseError::Callback(CallbackError::Panicked(account))) => {
                assert_eq!(account, "no use for 42");
            }
            other => panic!("{other:?}"),
        }
        assert!(channel.callback_error().is_some());
        assert!(channel.is_closed());
        assert_eq!(
            calls.load(Ordering::SeqCst),
            1,
            "called again after the panic"
        );
        peer.send(other.id(), "goes on").unwrap();
        assert_eq!(next(&calls_of_other), Some(Value::from("goes on")));
        assert!(gateway.has_receiver());
    });
}

#[test]
fn a_callback_that_returns_an_error_gets_the_end_marker() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let (sender, calls) = mpsc::channel();
        channel
            .set_callback_with_end_marker(move |item: Option<Item>| {
                sender.send(item.is_some()).unwrap();
                item.map_or(Ok(()), |_| Err("not that"))
            })
            .unwrap();
        peer.send(channel.id(), 42).unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("not that"), "{text}");
        assert!(calls.recv_timeout(SOON).unwrap());
        assert!(!calls.recv_timeout(SOON).unwrap());
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Failed(_)))
        ));
    });
}

#[test]
fn a_panic_at_the_end_marker_is_reported_to_wait_close() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel
            .set_callback_with_end_marker(|item: Option<Item>| assert!(item.is_some(), "the end"))
            .unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Panicked(_)))
        ));
        let other = exec(&gateway, &mut peer);
        let calls = collect(&other);
        peer.send(other.id(), 1).unwrap();
        assert_eq!(next(&calls), Some(Value::from(1)));
    });
}

#[test]
fn captures_of_a_callback_that_panic_in_drop_block_no_thread() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let bomb = Bomb;
        channel
            .set_callback(move |_| {
                let _ = &bomb;
            })
            .unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        let other = exec(&gateway, &mut peer);
        let calls = collect(&other);
        peer.send(other.id(), 1).unwrap();
        assert_eq!(next(&calls), Some(Value::from(1)));
    });
}

#[test]
fn an_item_for_a_callback_that_cannot_be_decoded_closes_its_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = collect(&channel);
        peer.write(ChannelData, channel.id(), b"U").unwrap();
        expect(&mut peer, ChannelCloseError, channel.id());
        assert_eq!(next(&calls), None);
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Item(_)))
        ));
    });
}

/// What a callback owns may come back to the gateway when it is dropped: here it is the last handle of a channel.
#[test]
fn a_callback_whose_thread_cannot_be_started_is_refused() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let owned = exec(&gateway, &mut peer);
        let id = owned.id();
        testing::refuse_threads(&gateway, true);
        let refused = channel.set_callback(move |item: Item| owned.send(item.into_value()));
        assert!(
            matches!(refused, Err(SetCallbackError::Thread(_))),
            "{refused:?}"
        );
        expect(&mut peer, ChannelClose, id);
        // As if nothing had been tried: items are received, and the channel ends with its last handle.
        assert!(channel.callback_error().is_none());
        peer.send(channel.id(), 1).unwrap();
        let item = channel.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(1));
        let dropped = exec(&gateway, &mut peer);
        let id = dropped.id();
        assert!(dropped.set_callback(drop).is_err());
        drop(dropped);
        expect(&mut peer, ChannelClose, id);
        testing::refuse_threads(&gateway, false);
        let calls = collect(&channel);
        peer.send(channel.id(), 2).unwrap();
        assert_eq!(next(&calls), Some(Value::from(2)));
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        assert_eq!(next(&calls), None);
        let single = exec(&gateway, &mut peer);
        let id = single.id();
        drop(single);
        expect(&mut peer, ChannelClose, id);
    });
}
