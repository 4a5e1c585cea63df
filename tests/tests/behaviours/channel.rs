//! Channels: items, timeouts, errors, and channels in items.

use core::time::Duration;

use execnet::{ReceiveError, Value, WaitCloseError};
use execnet_test_support::{LONG, eventually, receive};

use super::{close_error, gw, gw_counting, remote_error};

#[test]
fn test_factory_create() {
    gw(|gateway| {
        let ids: Vec<_> = (0..3)
            .map(|_| gateway.new_channel().unwrap().id().0)
            .collect();
        assert_eq!(ids, [1, 3, 5]);
    });
}

/// A channel that is found under its id: one that comes back is the one that went.
#[test]
fn test_factory_getitem() {
    gw(|gateway| {
        let source = "for item in channel: channel.send(item)";
        let channel = gateway.remote_exec(source).unwrap();
        let made = gateway.new_channel().unwrap();
        channel.send(&made).unwrap();
        let item = channel.receive_timeout(LONG).unwrap();
        assert_eq!(item.as_channel(), Some(&made));
        assert_eq!(item.as_channel().unwrap().id(), made.id());
    });
}

#[test]
fn test_channel_timeouterror() {
    gw(|gateway| {
        let channel = gateway.new_channel().unwrap();
        let early = channel.wait_close_timeout(Duration::from_millis(10));
        assert!(matches!(early, Err(WaitCloseError::Timeout)), "{early:?}");
        assert!(!channel.is_closed());
    });
}

#[test]
fn test_channel_local_close() {
    gw(|gateway| {
        let channel = gateway.new_channel().unwrap();
        channel.close();
        channel.wait_close_timeout(LONG).unwrap();
        assert!(channel.is_closed());
    });
}

/// An error that closes a channel is reported once to a waiting thread, on the side that did not close it.
#[test]
fn test_channel_local_close_error() {
    gw(|gateway| {
        let source = "
            inner = channel.receive()
            inner.close('error')
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let inner = gateway.new_channel().unwrap();
        channel.send(&inner).unwrap();
        let error = close_error(inner.wait_close_timeout(LONG));
        assert_eq!(error.text(), "error");
        inner.wait_close_timeout(LONG).unwrap();

        let own = gateway.new_channel().unwrap();
        own.close_with_error("ours").unwrap();
        own.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_serialize_error() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send(ValueError(42))").unwrap();
        let error = remote_error(channel.receive_timeout(LONG));
        assert!(error.text().contains("can't serialize"), "{error}");
    });
}

#[test]
fn test_channel_close_and_then_receive_error() {
    gw(|gateway| {
        let channel = gateway.remote_exec("raise ValueError").unwrap();
        let error = remote_error(channel.receive_timeout(LONG));
        assert!(error.text().contains("ValueError"), "{error}");
    });
}

#[test]
fn test_channel_finish_and_then_eof_error() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.send(42)").unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        for _ in 0..3 {
            let end = channel.receive_timeout(LONG);
            assert!(matches!(end, Err(ReceiveError::Closed)), "{end:?}");
        }
    });
}

#[test]
fn test_waitclose_timeouterror() {
    gw(|gateway| {
        let channel = gateway.remote_exec("channel.receive()").unwrap();
        let early = channel.wait_close_timeout(Duration::from_millis(20));
        assert!(matches!(early, Err(WaitCloseError::Timeout)), "{early:?}");
        channel.send(1).unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_channel_receive_timeout() {
    gw(|gateway| {
        let source = "channel.receive()\nchannel.send(1)";
        let channel = gateway.remote_exec(source).unwrap();
        let early = channel.receive_timeout(Duration::from_millis(50));
        assert!(matches!(early, Err(ReceiveError::Timeout)), "{early:?}");
        channel.send(()).unwrap();
        assert_eq!(receive(&channel), Value::from(1));
    });
}

#[test]
fn test_channel_receive_internal_timeout() {
    gw(|gateway| {
        let source = "import time\ntime.sleep(0.5)\nchannel.send(1)";
        let channel = gateway.remote_exec(source).unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(1));
    });
}

#[test]
fn test_channel_close_and_then_receive_error_multiple() {
    gw(|gateway| {
        let channel = gateway
            .remote_exec("channel.send(42)\nraise ValueError")
            .unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        remote_error(channel.receive_timeout(LONG));
    });
}

#[test]
fn test_channel_error_reporting() {
    gw(|gateway| {
        let source = "def foo():\n    return foobar()\nfoo()\n";
        let error = remote_error(gateway.remote_exec(source).unwrap().receive_timeout(LONG));
        let text = error.text();
        assert!(
            text.starts_with("Traceback (most recent call last):"),
            "{text}"
        );
        assert!(
            text.contains("NameError") && text.contains("foobar"),
            "{text}"
        );
    });
}

#[test]
fn test_channel_syntax_error() {
    gw(|gateway| {
        let error = remote_error(gateway.remote_exec("if:").unwrap().receive_timeout(LONG));
        let text = error.text();
        assert!(
            text.starts_with("Traceback (most recent call last):"),
            "{text}"
        );
        assert!(text.contains("SyntaxError"), "{text}");
    });
}

#[test]
fn test_channel_iter() {
    gw(|gateway| {
        let channel = gateway
            .remote_exec("for x in range(3): channel.send(x)")
            .unwrap();
        let items: Result<Vec<_>, _> = channel.iter().collect();
        assert_eq!(items.unwrap(), [0, 1, 2].map(Value::from));
    });
}

#[test]
fn test_channel_pass_in_structure() {
    gw(|gateway| {
        let source = "
            ch1, ch2 = channel.receive()
            data = ch1.receive()
            ch2.send(data + 1)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let pair = (
            gateway.new_channel().unwrap(),
            gateway.new_channel().unwrap(),
        );
        channel.send((&pair.0, &pair.1)).unwrap();
        pair.0.send(1).unwrap();
        assert_eq!(receive(&pair.1), Value::from(2));
    });
}

#[test]
fn test_channel_multipass() {
    gw(|gateway| {
        let source = "
            channel.send(channel)
            xchan = channel.receive()
            assert xchan == channel
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let item = channel.receive_timeout(LONG).unwrap();
        assert_eq!(item.as_channel(), Some(&channel));
        channel.send(&channel).unwrap();
        channel.wait_close_timeout(LONG).unwrap();
    });
}

#[test]
fn test_channel_passing_over_channel() {
    gw_counting(|gateway| {
        let source = "
            c = channel.gateway.newchannel()
            channel.send(c)
            c.send(42)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let item = channel.receive_timeout(LONG).unwrap();
        let made = item.as_channel().unwrap().clone();
        assert_eq!(made.id().0 % 2, 0);
        assert_eq!(receive(&made), Value::from(42));
        channel.wait_close_timeout(LONG).unwrap();
        made.wait_close_timeout(LONG).unwrap();
        drop((channel, made, item));
        let none = "0 active channels";
        eventually("no channel is left", LONG, || {
            gateway.to_string().contains(none)
        });
        assert_eq!(gateway.remote_status().unwrap().num_channels, 0);
    });
}
