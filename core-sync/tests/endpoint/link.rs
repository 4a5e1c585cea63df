//! How an endpoint uses its link, and how its channels print and compare.

use alloc::sync::Arc;
use std::collections::HashSet;
use std::io::BufWriter;
use std::thread;

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::endpoint::{Endpoint, EndpointConfig};
use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::testing::{PIPE_CAPACITY, pipe, scripted_halves, within};
use execnet_core_sync::{Channel, DisconnectReason, Role, Worker};
use execnet_serializer::{Bytes, ChannelId, LoadOptions, Value};

use crate::scripted;
use crate::support::{Interrupted, LIMIT, expect};

#[test]
fn each_frame_is_flushed_through_a_buffered_writer() {
    within(LIMIT, || {
        let (reader, writer, mut peer) = scripted_halves(PIPE_CAPACITY);
        let writer = BufWriter::with_capacity(PIPE_CAPACITY, writer);
        let config = EndpointConfig::new(Role::Initiator);
        let endpoint = Endpoint::new(FromStd::new(reader), FromStd::new(writer), config);
        let channel = endpoint.new_channel().unwrap();
        let dropped = endpoint.new_channel().unwrap();
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
        drop(dropped);
        // Queued frames as well, once a thread waits.
        peer.send(channel.id(), 2).unwrap();
        channel.receive().unwrap();
        expect(&mut peer, ChannelClose, ChannelId(3));
    });
}

#[test]
fn interrupted_reads_and_writes_are_repeated() {
    within(LIMIT, || {
        let (reader, writer, mut peer) = scripted_halves(PIPE_CAPACITY);
        let endpoint = Endpoint::new(
            FromStd::new(Interrupted::new(reader)),
            FromStd::new(Interrupted::new(writer)),
            EndpointConfig::new(Role::Initiator),
        );
        let channel = endpoint.new_channel().unwrap();
        for len in [0, 100, 20_000] {
            let item = Value::Bytes(vec![7; len]);
            channel.send(&item).unwrap();
            let frame = expect(&mut peer, ChannelData, channel.id());
            assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), item);
            peer.send(channel.id(), &item).unwrap();
            assert_eq!(channel.receive().unwrap(), item);
        }
    });
}

/// It cannot say whether it takes anything.
#[test]
fn polling_writes_nothing_to_a_link_that_might_have_to_be_waited_for() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.new_channel().unwrap();
        drop(endpoint.new_channel().unwrap());
        assert!(!endpoint.poll().unwrap());
        assert!(!peer.has_unread());
        peer.send(channel.id(), 7).unwrap();
        channel.receive().unwrap();
        expect(&mut peer, ChannelClose, ChannelId(3));
    });
}

#[test]
fn the_end_of_the_stream_is_an_exit_if_this_side_has_exited() {
    for exits in [false, true] {
        scripted(Role::Initiator, move |endpoint, mut peer| {
            let channel = endpoint.new_channel().unwrap();
            if exits {
                endpoint.exit();
            }
            peer.hang_up();
            assert!(channel.receive().unwrap_err().is_disconnected());
            let lost = endpoint.disconnected().unwrap();
            match lost.reason() {
                DisconnectReason::Exited => assert!(exits, "{lost}"),
                DisconnectReason::EndOfStream => assert!(!exits, "{lost}"),
                _ => panic!("{lost}"),
            }
        });
    }
}

#[test]
fn a_controller_sends_no_more_once_the_link_has_ended() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.new_channel().unwrap();
        peer.hang_up();
        assert!(channel.receive().is_err());
        assert!(channel.send(1).unwrap_err().is_disconnected());
        // Only a worker, whose functions have something to say still, keeps the link.
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[test]
fn a_channel_of_an_endpoint_goes_through_an_item() {
    within(LIMIT, || {
        let (to_worker, worker_reads) = pipe(PIPE_CAPACITY);
        let (to_endpoint, endpoint_reads) = pipe(PIPE_CAPACITY);
        let mut worker = Worker::new();
        worker.register("answer", |channel: &Channel| {
            let item = channel.receive().unwrap();
            item.as_channel().unwrap().send("through the named one")
        });
        let link = Link::from_std(worker_reads, to_endpoint, Arc::new(NoControl));
        let serving = thread::spawn(move || worker.serve(link));
        let endpoint = Endpoint::new(
            FromStd::new(endpoint_reads),
            FromStd::new(to_worker),
            EndpointConfig::new(Role::Initiator),
        );
        let call = endpoint.remote_exec("answer").unwrap();
        let named = endpoint.new_channel().unwrap();
        call.send(&named).unwrap();
        assert_eq!(
            named.receive().unwrap(),
            Value::from("through the named one")
        );
        endpoint.exit();
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn channels_of_endpoints_compare_hash_and_print() {
    scripted(Role::Initiator, |endpoint, _peer| {
        let (reader, writer, _other_peer) = scripted_halves(PIPE_CAPACITY);
        let config = EndpointConfig::new(Role::Initiator);
        let other = Endpoint::new(FromStd::new(reader), FromStd::new(writer), config);
        let channel = endpoint.new_channel().unwrap();
        let namesake = other.new_channel().unwrap();
        assert_eq!(channel.id(), namesake.id());
        assert_eq!(channel, channel.clone());
        assert_ne!(channel, namesake);
        assert_ne!(channel, endpoint.new_channel().unwrap());
        assert_eq!(channel.endpoint(), &endpoint);
        #[allow(
            clippy::mutable_key_type,
            reason = "the hash is of the channel's identity, which never changes"
        )]
        let set = HashSet::from([channel.clone(), channel.clone(), namesake]);
        assert_eq!(set.len(), 2);
        assert!(!channel.is_closed());
        assert_eq!(format!("{channel:?}"), "<Channel id=1 open>");
        channel.close();
        assert!(channel.is_closed());
        assert_eq!(format!("{channel:?}"), "<Channel id=1 closed>");
        assert_eq!(
            format!("{endpoint:?}"),
            "<Endpoint receive-live, 0 active channels>"
        );
    });
}

#[test]
fn an_answer_to_status_leaves_no_channel_and_sends_nothing() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let asking = thread::spawn({
            let endpoint = endpoint.clone();
            move || endpoint.remote_status()
        });
        let id = peer.expect().unwrap().channel;
        peer.send(id, Value::Dict([].into_iter().collect()))
            .unwrap();
        assert_eq!(asking.join().unwrap().unwrap().num_channels, 0);
        let channel = endpoint.new_channel().unwrap();
        channel.send(Bytes(vec![0])).unwrap();
        // No CLOSE of the channel that asked is in front of it.
        expect(&mut peer, ChannelData, channel.id());
    });
}
