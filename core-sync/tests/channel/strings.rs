//! The settings that decide how strings of Python 2 and 3 are read.

use execnet_core_sync::frame::MessageCode::{ChannelData, Reconfigure};
use execnet_serializer::{Bytes, ChannelId, StrConfig, Value};

use crate::support::{exec, expect, with_gateway};

#[test]
fn strings_are_read_as_the_channel_was_configured() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let python2 = b"M\0\0\0\x01aQ";
        peer.write(ChannelData, channel.id(), python2).unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("a"));
        channel.reconfigure(StrConfig::STORED).unwrap();
        let frame = expect(&mut peer, Reconfigure, channel.id());
        assert_eq!(frame.payload, b"CC@\0\0\0\x02Q");
        peer.write(ChannelData, channel.id(), python2).unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(Bytes(&b"a"[..])));
    });
}

/// Execnet 3 has no RECONFIGURE.
#[test]
fn the_peer_is_told_only_what_changes_its_own_reading() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.decode_strings(StrConfig::STORED).unwrap();
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
        peer.write(ChannelData, channel.id(), b"M\0\0\0\x01aQ")
            .unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(Bytes(&b"a"[..])));
        let bytes = StrConfig {
            py2str_as_py3str: false,
            py3str_as_py2str: true,
        };
        channel.decode_strings(bytes).unwrap();
        expect(&mut peer, Reconfigure, channel.id());
    });
}

#[test]
fn the_peer_can_configure_a_channel_and_the_later_ones() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(Reconfigure, channel.id(), b"CR@\0\0\0\x02Q")
            .unwrap();
        peer.send(channel.id(), "x").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(Bytes(&b"x"[..])));
        peer.write(Reconfigure, ChannelId(0), b"CR@\0\0\0\x02Q")
            .unwrap();
        peer.send(channel.id(), 0).unwrap();
        channel.receive().unwrap();
        let later = exec(&gateway, &mut peer);
        peer.send(later.id(), "y").unwrap();
        assert_eq!(later.receive().unwrap(), Value::from(Bytes(&b"y"[..])));
    });
}
