//! Callbacks and end markers.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::mpsc;
use std::thread;

use execnet::{CallbackError, Channel, Item, ReceiveError, Value, WaitCloseError};
use execnet_test_support::{LONG, receive};

use super::{close_error, gw, gw_counting};

/// What a channel's callback is called with, and `None` for its end.
fn calls(channel: &Channel) -> mpsc::Receiver<Option<Item>> {
    let (sender, calls) = mpsc::channel();
    channel
        .set_callback_with_end_marker(move |item| drop(sender.send(item)))
        .unwrap();
    calls
}

const TWO_NUMBERS_AND_A_CHANNEL: &str = "
    channel.send(42)
    channel.send(13)
    channel.send(channel.gateway.newchannel())
";

fn next(calls: &mpsc::Receiver<Option<Item>>) -> Option<Item> {
    calls.recv_timeout(LONG).unwrap()
}

#[test]
fn test_channel_receiver_callback() {
    gw(|gateway| {
        let channel = gateway.remote_exec(TWO_NUMBERS_AND_A_CHANNEL).unwrap();
        let calls = calls(&channel);
        assert_eq!(next(&calls).unwrap(), Value::from(42));
        assert_eq!(next(&calls).unwrap(), Value::from(13));
        assert!(next(&calls).unwrap().as_channel().is_some());
        assert!(matches!(channel.receive(), Err(ReceiveError::HasCallback)));
        channel.wait_close_timeout(LONG).unwrap();
        assert!(next(&calls).is_none());
    });
}

#[test]
fn test_channel_callback_after_receive() {
    gw(|gateway| {
        let channel = gateway.remote_exec(TWO_NUMBERS_AND_A_CHANNEL).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        let calls = calls(&channel);
        assert_eq!(next(&calls).unwrap(), Value::from(13));
        assert!(next(&calls).unwrap().as_channel().is_some());
        assert!(next(&calls).is_none());
    });
}

#[test]
fn test_waiting_for_callbacks() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send(42)").unwrap();
        let seen = Arc::new(std::sync::OnceLock::new());
        let note = seen.clone();
        channel
            .set_callback(move |item: Item| {
                thread::sleep(Duration::from_millis(200));
                note.set(item.into_value()).unwrap();
            })
            .unwrap();
        channel.wait_close_timeout(LONG).unwrap();
        assert_eq!(seen.get(), Some(&Value::from(42)));
    });
}

#[test]
fn test_channel_callback_stays_active() {
    gw(|gateway| {
        let source = "
            import threading, time
            inner = channel.receive()
            def send():
                for number in (0, 100, 200, 300, 400):
                    time.sleep(0.05)
                    inner.send(number)
            thread = threading.Thread(target=send)
            thread.start()
            thread.join()
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        let calls = calls(&inner);
        channel.send(&inner).unwrap();
        drop(inner);
        for number in [0, 100, 200, 300, 400] {
            assert_eq!(next(&calls).unwrap(), Value::from(number));
        }
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_channel_callback_remote_freed() {
    gw_counting(|gateway| {
        let source = "
            inner = channel.receive()
            inner.send(42)
            del inner
            channel.receive()
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        let calls = calls(&inner);
        channel.send(&inner).unwrap();
        inner.wait_close_timeout(LONG).unwrap();
        assert_eq!(next(&calls).unwrap(), Value::from(42));
        assert!(next(&calls).is_none());
    });
}

#[test]
fn test_channel_endmarker_callback() {
    gw(|gateway| {
        let channel = gateway
            .remote_exec("for x in range(3): channel.send(x)")
            .unwrap();
        let calls = calls(&channel);
        for number in 0..3 {
            assert_eq!(next(&calls).unwrap(), Value::from(number));
        }
        assert!(next(&calls).is_none());
    });
}

#[test]
fn test_channel_endmarker_callback_error() {
    gw(|gateway| {
        let channel = gateway.remote_exec("raise ValueError()").unwrap();
        let calls = calls(&channel);
        assert!(next(&calls).is_none());
        let error = close_error(channel.wait_close_timeout(LONG));
        assert!(error.text().contains("ValueError"), "{error}");
    });
}

#[test]
fn test_channel_callback_error() {
    gw(|gateway| {
        let source = "
            def f(item):
                raise ValueError(42)
            ch = channel.gateway.newchannel()
            ch.setcallback(f)
            channel.send(ch)
            channel.receive()
            assert ch.isclosed()
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let item = channel.receive_timeout(LONG).unwrap();
        let failing = item.as_channel().unwrap();
        failing.send(1).unwrap();
        let error = close_error(failing.wait_close_timeout(LONG));
        assert!(error.text().contains("42"), "{error}");
        channel.send(1).unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    });
}

/// The same the other way round, where stock execnet loses the gateway.
#[test]
fn a_callback_that_fails_here_is_a_remote_error_there() {
    gw(|gateway| {
        let source = "
            channel.send(1)
            try:
                channel.receive()
            except channel.RemoteError as error:
                result.send(str(error))
        ";
        let channel = gateway
            .remote_exec(&format!("result = channel.receive()\n{}", textwrap(source)))
            .unwrap();
        let result = gateway.new_channel().unwrap();
        channel.set_callback(|_| Err("no, thanks")).unwrap();
        channel.send(&result).unwrap();
        let text = receive(&result);
        assert!(text.as_str().unwrap().contains("no, thanks"), "{text}");
        assert!(matches!(
            channel.wait_close_timeout(LONG),
            Err(WaitCloseError::Callback(CallbackError::Failed(_)))
        ));
        // The gateway still works.
        gateway.remote_status().unwrap();
    });
}

/// Takes the margin away.
fn textwrap(source: &str) -> String {
    source
        .lines()
        .map(|line| line.get(12..).unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn test_endmarker_delivery_on_remote_killterm() {
    gw(|gateway| {
        let source = "import os, time\nchannel.send(os.getpid())\ntime.sleep(100)";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        execnet_test_support::signal("TERM", pid);
        let calls = calls(&channel);
        assert!(next(&calls).is_none());
        let end = channel.wait_close_timeout(LONG);
        assert!(
            matches!(end, Err(WaitCloseError::Disconnected(_))),
            "{end:?}"
        );
    });
}

#[test]
fn callbacks_of_several_channels_are_independent() {
    gw(|gateway| {
        let source = "
            channels = channel.receive()
            for number in range(100):
                for inner in channels:
                    inner.send(number)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let channels: Vec<_> = (0..5).map(|_| gateway.new_channel().unwrap()).collect();
        let all: Vec<_> = channels.iter().map(calls).collect();
        channel.send(channels.iter().collect::<Vec<_>>()).unwrap();
        for calls in all {
            for number in 0..100 {
                assert_eq!(next(&calls).unwrap(), Value::from(number));
            }
        }
        let end = channel.receive_timeout(LONG);
        assert!(matches!(end, Err(ReceiveError::Closed)), "{end:?}");
    });
}
