//! Closing, dropping and exiting, while other threads send, receive and wait.

use alloc::vec::Vec;

use execnet_core_sync::frame::MessageCode;
use loom::thread;

use crate::model;
use crate::scene::{close, item, scene};

/// Closing while another thread sends and the peer closes as well: at most one CLOSE is written, as the last frame.
#[test]
fn no_frame_follows_a_close_in_any_order() {
    model(2, || {
        let scene = scene([close()].into(), |config| config);
        let (sending, closing) = (scene.channel.clone(), scene.channel.clone());
        scene.speaks.open();
        let sender = thread::spawn(move || {
            for number in 0..2 {
                let _ = sending.send(number);
            }
        });
        closing.close();
        closing.wait_close().unwrap();
        drop(closing);
        sender.join().unwrap();
        let codes = scene.finish();
        let close = codes
            .iter()
            .position(|code| *code == MessageCode::ChannelClose);
        assert!(close.is_none_or(|at| at + 1 == codes.len()), "{codes:?}");
    });
}

/// Two threads close, one of them with an error: one frame is written.
#[test]
fn closing_twice_tells_the_peer_once() {
    model(2, || {
        let scene = scene(Vec::new(), |config| config);
        let other = scene.channel.clone();
        let closer = thread::spawn(move || other.close_with_error("enough").unwrap());
        scene.channel.close();
        closer.join().unwrap();
        scene.channel.wait_close().unwrap();
        let codes = scene.exit();
        let [close, terminate] = codes[..] else {
            panic!("{codes:?}");
        };
        assert!(matches!(
            close,
            MessageCode::ChannelClose | MessageCode::ChannelCloseError
        ));
        assert_eq!(terminate, MessageCode::GatewayTerminate);
    });
}

/// Dropping the last handle while an item arrives: no thread hangs, and a CLOSE is written unless the peer has closed.
#[test]
fn dropping_a_channel_while_items_arrive() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |config| config);
        scene.speaks.open();
        let codes = scene.finish();
        assert!(codes.len() <= 1, "{codes:?}");
    });
}

/// Exiting while another thread sends: TERMINATE is the last frame.
#[test]
fn no_frame_follows_a_terminate() {
    model(2, || {
        let scene = scene(Vec::new(), |config| config);
        let sending = scene.channel.clone();
        let sender = thread::spawn(move || sending.send(1).is_ok());
        let codes = scene.exit();
        let sent = sender.join().unwrap();
        let data = sent.then_some(MessageCode::ChannelData);
        let expected: Vec<_> = data
            .into_iter()
            .chain([MessageCode::GatewayTerminate])
            .collect();
        assert_eq!(codes, expected);
    });
}
