//! Items that are sent and received as Rust types.

use execnet_core_sync::frame::MessageCode::{ChannelCloseError, ChannelData};
use execnet_core_sync::{Channel, ReceiveError, SendError};
use execnet_serializer::typed::Serde;
use execnet_serializer::{ChannelId, DumpOptions, to_value, value};
use serde::Serialize;

use super::{Disk, root, type_error};
use crate::support::{SOON, eventually, exec, expect, with_gateway};

#[test]
fn a_type_goes_out_as_the_value_it_is_to_python() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.send_as(&[root()]).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        let value = value!([{"path": "/", "free": (1i64 << 40)}]);
        assert_eq!(
            frame.payload,
            DumpOptions::wire()
                .dumps(&to_value(&[root()]).unwrap())
                .unwrap()
        );
        assert_eq!(to_value(&vec![root()]).unwrap(), value);
    });
}

#[test]
fn an_item_is_read_as_a_type() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), Serde(vec![root()])).unwrap();
        assert_eq!(channel.receive_as::<Vec<Disk>>().unwrap(), [root()]);
        let nothing = channel.receive_as_timeout::<Disk>(core::time::Duration::ZERO);
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
    });
}

#[test]
fn an_item_of_another_type_is_an_error_with_the_path_and_is_skipped() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let bad = value!([{"path": "/", "free": "much"}]);
        peer.send(channel.id(), &bad).unwrap();
        peer.send(channel.id(), 7).unwrap();
        let error = type_error(channel.receive_as_timeout::<Vec<Disk>>(SOON));
        assert!(error.starts_with("[0].free: "), "{error}");
        assert!(error.contains("expected u64"), "{error}");
        assert_eq!(channel.receive_as::<u8>().unwrap(), 7);
    });
}

#[test]
fn a_type_without_a_representation_is_an_error_with_its_path_and_sends_nothing() {
    #[derive(Serialize)]
    struct Bad {
        inner: Vec<Unsayable>,
    }
    struct Unsayable;
    impl Serialize for Unsayable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("unsayable"))
        }
    }
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let error = channel
            .send_as(&Bad {
                inner: vec![Unsayable],
            })
            .unwrap_err();
        assert!(matches!(error, SendError::Encode(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(".inner[0]"), "{text}");
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
    });
}

#[test]
fn channels_in_a_typed_item_live_if_they_are_wanted() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let item = vec![ChannelId(4), ChannelId(2)];
        peer.send(channel.id(), &item).unwrap();
        let (ids, channels) = channel
            .receive_as_with_channels::<Vec<ChannelId>>()
            .unwrap();
        assert_eq!(ids, item);
        let live: Vec<_> = channels.iter().map(Channel::id).collect();
        assert_eq!(live, [ChannelId(2), ChannelId(4)]);
        channels[0].send(1).unwrap();
        expect(&mut peer, ChannelData, ChannelId(2));
    });
}

#[test]
fn iteration_continues_after_an_item_of_another_type_and_ends_with_the_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for item in [value!(1), value!("two"), value!(3)] {
            peer.send(channel.id(), &item).unwrap();
        }
        peer.write(
            execnet_core_sync::frame::MessageCode::ChannelClose,
            channel.id(),
            b"",
        )
        .unwrap();
        let items: Vec<_> = channel.iter_as::<u8>().map(Result::ok).collect();
        assert_eq!(items, [Some(1), None, Some(3)]);
    });
}

#[test]
fn items_of_a_queue_are_read_as_a_type() {
    with_gateway(|gateway, mut peer| {
        let channels = [(); 2].map(|()| exec(&gateway, &mut peer));
        let [one, other] = channels.clone();
        let queue = execnet_core_sync::MultiChannel::new(channels.to_vec());
        let queue = queue
            .make_receive_queue_as_with_end_markers::<(u8, String)>()
            .unwrap();
        peer.send(one.id(), (1, "a")).unwrap();
        let (channel, item) = queue.receive_timeout(SOON).unwrap();
        assert_eq!((channel, item), (one, Some((1, "a".into()))));
        // An item of another type closes its own channel only.
        peer.send(other.id(), (2, 3)).unwrap();
        expect(&mut peer, ChannelCloseError, other.id());
        let (channel, item) = queue.receive_timeout(SOON).unwrap();
        assert_eq!((channel, item), (other.clone(), None));
        eventually("the error is reported", || other.callback_error().is_some());
        let text = other.callback_error().unwrap().to_string();
        assert!(text.contains("[1]"), "{text}");
        peer.send(channels[0].id(), (4, "b")).unwrap();
        assert_eq!(
            queue.receive_timeout(SOON).unwrap().1,
            Some((4, "b".into()))
        );
    });
}
