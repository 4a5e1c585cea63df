//! A receiver that reads the link: its interruption, and items of other channels.

use alloc::sync::Arc;
use core::sync::atomic::Ordering;
use core::time::Duration;

use execnet_core_sync::frame::MessageCode;
use execnet_core_sync::testing::within;
use execnet_core_sync::{Channel, DisconnectReason, ReceiveError};

use super::{ask, asking, setting};
use crate::support::{LIMIT, SOON, exec, expect};

fn end(_: &Channel, received: Result<(), ReceiveError>) -> ReceiveError {
    received.unwrap_err()
}

#[test]
fn closing_a_channel_interrupts_its_receiver_that_reads_the_link() {
    asking(end, |_setting, channel, asking| {
        channel.close();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Closed));
    });
}

#[test]
fn setting_a_callback_interrupts_the_receiver_that_reads_the_link() {
    asking(end, |_setting, channel, asking| {
        channel.set_callback(drop).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::HasCallback));
    });
}

#[test]
fn the_end_of_the_link_reaches_a_receiver_that_reads_it() {
    asking(end, |mut setting, _channel, asking| {
        setting.peer.hang_up();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("the link has ended");
        };
        assert!(matches!(lost.reason(), DisconnectReason::EndOfStream));
        assert!(setting.gateway.join_timeout(SOON));
        // The gateway is still here, and holds no descriptor of the link.
        assert_eq!(Arc::strong_count(&setting.poll_reader), 1);
    });
}

#[test]
fn a_link_that_panics_while_a_receiver_reads_it_ends_the_gateway() {
    asking(end, |mut setting, channel, asking| {
        setting.read_panics.store(true, Ordering::SeqCst);
        setting.peer.send(channel.id(), 1).unwrap();
        assert!(asking.join().is_err(), "the panic is the receiver's");
        let ReceiveError::Disconnected(lost) = channel.receive_timeout(SOON).unwrap_err() else {
            panic!("nothing was received");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Panicked));
    });
}

#[test]
fn a_link_that_panics_in_a_write_interrupts_the_receiver() {
    asking(end, |mut setting, _channel, asking| {
        let other = exec(&setting.gateway, &mut setting.peer);
        setting.write_panics.store(true, Ordering::SeqCst);
        // A thread of the gateway says so to the peer.
        other.close();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("nothing was received");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Panicked));
    });
}

#[test]
fn a_receiver_that_reads_a_malformed_frame_ends_the_gateway() {
    asking(end, |mut setting, _channel, asking| {
        setting.peer.write_raw(b"a banner!").unwrap();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("the peer broke the protocol");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Protocol(_)));
    });
}

#[test]
fn a_receiver_that_reads_delivers_items_of_other_channels() {
    asking(end, |mut setting, channel, asking| {
        let other = exec(&setting.gateway, &mut setting.peer);
        setting.peer.send(other.id(), 7).unwrap();
        let item = other.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(7));
        channel.close();
        asking.join().unwrap();
    });
}

#[test]
fn half_a_frame_delays_no_timeout() {
    fn receive_soon(channel: &Channel, _: Result<(), ReceiveError>) -> ReceiveError {
        let received = channel.receive_timeout(Duration::from_millis(20));
        received.unwrap_err()
    }
    asking(receive_soon, |mut setting, channel, asking| {
        setting.peer.send(channel.id(), ()).unwrap();
        let frame = b"\x04\0\0\0\x01\0\0\0\x06F\0\0\0\x09Q";
        let (begin, rest) = frame.split_at(11);
        setting.peer.write_raw(begin).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Timeout));
        setting.peer.write_raw(rest).unwrap();
        let item = channel.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(9));
    });
}

#[test]
fn a_receiver_that_reads_nothing_times_out_after_few_waits() {
    fn receive_soon(channel: &Channel, _: Result<(), ReceiveError>) -> ReceiveError {
        // Long enough for the gateway's own reader to wait until it is called.
        let received = channel.receive_timeout(Duration::from_millis(50));
        received.unwrap_err()
    }
    asking(receive_soon, |mut setting, channel, asking| {
        let before = setting.poll_reader.waits.load(Ordering::SeqCst);
        setting.peer.send(channel.id(), ()).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Timeout));
        let waits = setting.poll_reader.waits.load(Ordering::SeqCst) - before;
        assert!(waits <= 3, "{waits} waits in which nothing came");
        // It has returned the read lease: no thread waits on the gateway now.
        let id = execnet_serializer::ChannelId(2);
        setting.peer.write(MessageCode::Status, id, b"").unwrap();
        expect(&mut setting.peer, MessageCode::ChannelCloseError, id);
    });
}

#[test]
fn the_reader_thread_reads_the_link_after_a_receiver() {
    fn leave(_: &Channel, received: Result<(), ReceiveError>) {
        received.unwrap();
    }
    asking(leave, |mut setting, channel, asking| {
        setting.peer.send(channel.id(), ()).unwrap();
        asking.join().unwrap();
        // No thread waits on the gateway.
        let id = execnet_serializer::ChannelId(2);
        setting.peer.write(MessageCode::Status, id, b"").unwrap();
        expect(&mut setting.peer, MessageCode::ChannelCloseError, id);
    });
}

#[test]
fn a_link_that_cannot_be_polled_is_read_by_the_reader_thread() {
    within(LIMIT, || {
        let mut setting = setting(true);
        let channel = exec(&setting.gateway, &mut setting.peer);
        let asking = ask(&channel, end);
        for _ in 0..200 {
            expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
            setting.peer.send(channel.id(), 1).unwrap();
        }
        // It has asked once more, and waits.
        expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
        channel.close();
        asking.join().unwrap();
        assert!(setting.poll_reader.waits.load(Ordering::SeqCst) <= 1);
    });
}
