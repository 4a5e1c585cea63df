//! Channels whose items are in the postcard format.

use execnet_core_sync::frame::MessageCode::ChannelData;
use execnet_serializer::{DumpOptions, Value, value};

use super::{Disk, root, type_error};
use crate::support::{SOON, exec, expect, with_gateway};

#[test]
fn postcard_items_are_bytes_on_the_wire() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer).postcard::<Disk, (u8, String)>();
        assert_eq!(
            format!("{channel:?}"),
            "PostcardChannel(<Channel id=1 open>)"
        );
        channel.send(&root()).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.channel().id());
        let bytes = postcard::to_allocvec(&root()).unwrap();
        assert_eq!(
            frame.payload,
            DumpOptions::wire().dumps(&Value::Bytes(bytes)).unwrap()
        );
        let answer = postcard::to_allocvec(&(7u8, "seven")).unwrap();
        peer.send(channel.channel().id(), Value::Bytes(answer))
            .unwrap();
        assert_eq!(
            channel.receive_timeout(SOON).unwrap(),
            (7, "seven".to_owned())
        );
    });
}

#[test]
fn an_item_that_is_not_postcard_is_an_error_that_names_the_format() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer).postcard::<(), u8>();
        for (item, expected) in [
            (value!(1), "must be bytes"),
            (Value::Bytes(vec![]), "0 bytes of postcard are not a u8"),
            (Value::Bytes(vec![1, 2]), "2 bytes of postcard are not a u8"),
        ] {
            peer.send(channel.channel().id(), &item).unwrap();
            let error = type_error(channel.receive_timeout(SOON));
            assert!(error.contains(expected), "{error}");
        }
        peer.send(channel.channel().id(), Value::Bytes(vec![9]))
            .unwrap();
        assert_eq!(channel.receive_timeout(SOON).unwrap(), 9);
    });
}
