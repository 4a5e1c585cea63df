//! Strings of Python 2 and 3.

use execnet::Value;
use execnet::serializer::StrConfig;
use execnet_test_support::{LONG, receive};

use super::gw;

const BYTES: StrConfig = StrConfig {
    py2str_as_py3str: false,
    py3str_as_py2str: true,
};

/// Text comes here as bytes, and goes there as bytes.
#[test]
fn test_string_coerce_of_a_channel() {
    gw(|gateway| {
        let source = "
            for item in channel:
                channel.send(type(item).__name__)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        channel.send("text").unwrap();
        assert_eq!(receive(&channel), Value::from("str"));
        channel.reconfigure(BYTES).unwrap();
        channel.send("text").unwrap();
        assert_eq!(receive(&channel), Value::Bytes(b"bytes".to_vec()));
    });
}

/// A gateway's setting is for channels that are made later; a channel's overrules it.
#[test]
fn test_string_coerce_of_a_gateway() {
    gw(|gateway| {
        let source = "
            inner = channel.receive()
            inner.send(type(inner.receive()).__name__)
            inner.receive()
        ";
        gateway.reconfigure(BYTES).unwrap();
        let inner = gateway.new_channel().unwrap();
        inner.reconfigure(StrConfig::CHANNEL).unwrap();
        let channel = gateway.remote_exec(source).unwrap();
        channel.send(&inner).unwrap();
        inner.send("text").unwrap();
        assert_eq!(receive(&inner), Value::from("str"));
        // One call at a time: the next one is refused while this one waits.
        inner.close();
        channel.wait_close_timeout(LONG).unwrap();
        let channel = gateway.remote_exec("channel.send(type(channel.receive()).__name__)");
        let channel = channel.unwrap();
        channel.send("text").unwrap();
        assert_eq!(receive(&channel), Value::Bytes(b"bytes".to_vec()));
    });
}
