//! Inboxes with a limit: an item beyond it closes its channel.

use execnet_core_sync::frame::MessageCode::ChannelCloseError;
use execnet_core_sync::session::ITEM_COST;
use execnet_core_sync::{
    Channel, GatewayConfig, InboxLimits, InboxOverflow, ReceiveError, Role, SendError,
    WaitCloseError,
};
use execnet_serializer::{Bytes, DumpOptions, LoadOptions, Value};

use super::channel_of_1000;
use crate::support::{SOON, eventually, exec, expect, with_gateway_of};

#[test]
fn an_inbox_that_is_full_closes_its_channel_on_both_sides() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = exec(&gateway, &mut peer);
        // The first goes above the limit, and is taken nevertheless.
        peer.send(channel.id(), Bytes(vec![7; 5000])).unwrap();
        peer.send(channel.id(), "one too many").unwrap();
        peer.send(channel.id(), "closed already").unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("full"), "{text}");
        peer.send(other.id(), "goes on").unwrap();
        assert_eq!(other.receive().unwrap(), Value::from("goes on"));

        assert_eq!(channel.receive().unwrap().as_bytes().unwrap().len(), 5000);
        match channel.receive() {
            Err(ReceiveError::Overflow(InboxOverflow { limit })) => assert_eq!(limit, 1000),
            other => panic!("{other:?}"),
        }
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
    });
}

#[test]
fn received_items_release_their_bytes() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in 0..1000 {
            peer.send(channel.id(), number).unwrap();
            assert_eq!(channel.receive().unwrap(), Value::from(number));
        }
    });
}

#[test]
fn small_items_count_with_their_overhead() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for _ in 0..20 {
            peer.send(channel.id(), ()).unwrap();
        }
        expect(&mut peer, ChannelCloseError, channel.id());
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Overflow(_))
        ));
        let kept = core::iter::from_fn(|| channel.receive().ok()).count();
        assert_eq!(kept, 1000_usize.div_ceil(2 + ITEM_COST));
    });
}

#[test]
fn all_inboxes_together_have_a_limit() {
    fn configure(config: GatewayConfig) -> GatewayConfig {
        config.with_inbox(InboxLimits::default().with_gateway(Some(1000)))
    }
    with_gateway_of(configure, |gateway, mut peer| {
        let channels: Vec<_> = (0..3).map(|_| exec(&gateway, &mut peer)).collect();
        for channel in &channels {
            peer.send(channel.id(), Bytes(vec![7; 600])).unwrap();
        }
        expect(&mut peer, ChannelCloseError, channels[2].id());
        // A channel that goes takes its items out of the account.
        drop(channels);
        let channel = exec_after_closes(&gateway, &mut peer);
        peer.send(channel.id(), "room again").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("room again"));
    });
}

fn exec_after_closes(
    gateway: &execnet_core_sync::Gateway,
    peer: &mut execnet_core_sync::testing::Script,
) -> Channel {
    let channel = gateway.remote_exec("").unwrap();
    while peer.expect().unwrap().channel != channel.id() {}
    channel
}

#[test]
fn errors_that_a_peer_closes_channels_with_are_cut_and_counted() {
    use execnet_core_sync::frame::{Frame, MessageCode};
    use execnet_core_sync::session::{MAX_ERROR_TEXT, Message, NextItem, Session};

    const WAITING: usize = 4 << 20;
    const CHANNELS: usize = 200;
    let limits = InboxLimits::default().with_gateway(Some(WAITING));
    let mut session = Session::<()>::new(Role::Initiator, 0).with_limits(limits);
    let trace = "  File \"x.py\", line 1, in f\n".repeat(140_000);
    let text = format!("Traceback (most recent call last):\n{trace}MemoryError: 4 MiB\n");
    let payload = DumpOptions::wire().dumps(&*text).unwrap();
    let ids: Vec<_> = (0..CHANNELS).map(|_| session.open().unwrap()).collect();
    for &channel in &ids {
        let frame = Frame {
            code: MessageCode::ChannelCloseError,
            channel,
            payload: payload.clone(),
        };
        session.handle(Message::parse(frame).unwrap());
    }
    let waiting = session.waiting();
    let most = WAITING + MAX_ERROR_TEXT + CHANNELS * (256 + ITEM_COST);
    assert!((WAITING..most).contains(&waiting), "{waiting} bytes wait");
    let mut held = 0;
    for &id in &ids {
        match session.take(id) {
            NextItem::Error(error) => {
                assert_eq!(error.summary(), "MemoryError: 4 MiB");
                held += error.text().len() + ITEM_COST;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(held, waiting);
    assert_eq!(session.waiting(), 0);
}

#[test]
fn an_unread_error_is_released_with_its_channel() {
    with_gateway_of(
        |config| config.with_inbox(InboxLimits::default().with_gateway(Some(1000))),
        |gateway, mut peer| {
            let (failed, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
            let text = DumpOptions::wire().dumps(&*"x".repeat(5000)).unwrap();
            peer.write(ChannelCloseError, failed.id(), &text).unwrap();
            eventually("it is closed", || failed.is_closed());
            drop(failed);
            peer.send(other.id(), "room").unwrap();
            assert_eq!(other.receive().unwrap(), Value::from("room"));
        },
    );
}
