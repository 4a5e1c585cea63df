//! Endpoints whose peer agreed on credit: neither end sends more than the other receives.

use std::thread;

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{
    ChannelCredit, ChannelData, ChannelExec, ChannelLastMessage, GatewayTerminate,
};
use execnet_core_sync::session::ITEM_COST;
use execnet_core_sync::testing::{PIPE_CAPACITY, Script, linked, scripted_halves, within};
use execnet_core_sync::{Channel, GatewayConfig, Role, SendError, Worker};
use execnet_serializer::{Bytes, ChannelId, Dict, DumpOptions, LoadOptions, Value};

use crate::support::{LIMIT, expect};

/// Runs a test with the channel of an endpoint that has this window, and the script of its peer.
fn with_window(window: usize, body: impl FnOnce(EndpointChannel, Script) + Send + 'static) {
    within(LIMIT, move || {
        let (reader, writer, mut peer) = scripted_halves(PIPE_CAPACITY);
        let config = EndpointConfig::new(Role::Initiator).with_credit(Some(window));
        let endpoint = Endpoint::new(FromStd::new(reader), FromStd::new(writer), config);
        let channel = endpoint.remote_exec("the peer is a script").unwrap();
        expect(&mut peer, ChannelExec, channel.id());
        body(channel, peer);
    });
}

fn give(peer: &mut Script, channel: &EndpointChannel, credit: usize) {
    let payload = DumpOptions::wire().dumps(&(credit as u32)).unwrap();
    peer.write(ChannelCredit, channel.id(), &payload).unwrap();
}

#[test]
fn an_endpoint_sends_no_more_than_its_peer_receives() {
    with_window(1, |channel, mut peer| {
        channel.send(1).unwrap();
        let sender = channel.clone();
        let sending = thread::spawn(move || (2..20).try_for_each(|n| sender.send(n)));
        for n in 1..20 {
            let frame = expect(&mut peer, ChannelData, channel.id());
            let item = LoadOptions::wire().loads(&frame.payload).unwrap();
            assert_eq!(item, Value::from(n));
            assert!(!peer.has_unread(), "an item was sent without credit");
            give(&mut peer, &channel, frame.payload.len() + ITEM_COST);
        }
        sending.join().unwrap().unwrap();
    });
}

#[test]
fn credit_of_an_endpoint_counts_bytes() {
    let cost = DumpOptions::wire()
        .dumps(&Bytes(vec![0; 1000]))
        .unwrap()
        .len()
        + ITEM_COST;
    // Two go ahead.
    with_window(cost + 1, move |channel, mut peer| {
        let sender = channel.clone();
        let send = move |_| sender.send(Bytes(vec![0; 1000]));
        let sending = thread::spawn(move || (0..10).try_for_each(send));
        expect(&mut peer, ChannelData, channel.id());
        for _ in 1..10 {
            expect(&mut peer, ChannelData, channel.id());
            // One that is sent without credit most likely comes meanwhile.
            execnet_core_sync::testing::give_way();
            assert!(!peer.has_unread(), "an item was sent without credit");
            give(&mut peer, &channel, cost);
        }
        sending.join().unwrap().unwrap();
    });
}

/// The worker's functions may still say something after the farewell, but not what needs credit.
#[test]
fn a_function_that_waits_for_credit_notices_the_exit_of_its_controller() {
    within(LIMIT, || {
        let (reader, writer, mut peer) = scripted_halves(PIPE_CAPACITY);
        let config = EndpointConfig::new(Role::Worker).with_credit(Some(1));
        let endpoint = Endpoint::new(FromStd::new(reader), FromStd::new(writer), config);
        let (result, sent) = std::sync::mpsc::channel();
        let mut functions = Functions::new();
        functions.register("twice", move |channel: &EndpointChannel| {
            channel.send(1).unwrap();
            result.send(channel.send(2)).unwrap();
        });
        let serving = thread::spawn(move || endpoint.serve(&functions));
        let id = ChannelId(1);
        let call = DumpOptions::wire()
            .dumps(&("twice", (), (), Dict::new()))
            .unwrap();
        peer.write(ChannelExec, id, &call).unwrap();
        expect(&mut peer, ChannelData, id);
        peer.write(GatewayTerminate, ChannelId(0), b"").unwrap();
        let error = sent.recv().unwrap().unwrap_err();
        assert!(error.is_disconnected(), "{error:?}");
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn items_that_arrive_while_an_endpoint_waits_to_send_are_kept() {
    with_window(1, |channel, mut peer| {
        channel.send(1).unwrap();
        let cost = expect(&mut peer, ChannelData, channel.id()).payload.len() + ITEM_COST;
        peer.send(channel.id(), "first").unwrap();
        give(&mut peer, &channel, cost);
        channel.send(2).unwrap();
        assert_eq!(
            channel.try_receive().unwrap().unwrap(),
            Value::from("first")
        );
    });
}

#[test]
fn an_endpoint_gives_credit_for_what_it_has_received() {
    let cost = DumpOptions::wire()
        .dumps(&Bytes(vec![0; 100]))
        .unwrap()
        .len()
        + ITEM_COST;
    with_window(2 * cost, move |channel, mut peer| {
        for _ in 0..3 {
            peer.send(channel.id(), Bytes(vec![0; 100])).unwrap();
            channel.receive().unwrap();
            let frame = expect(&mut peer, ChannelCredit, channel.id());
            let given = LoadOptions::wire().loads(&frame.payload).unwrap();
            assert_eq!(given, Value::from(cost as u32));
        }
    });
}

#[test]
fn an_endpoint_without_credit_notices_the_end_of_its_peer() {
    with_window(1, |channel, mut peer| {
        channel.send(1).unwrap();
        peer.write(ChannelLastMessage, channel.id(), b"").unwrap();
        peer.hang_up();
        let error = channel.send(2).unwrap_err();
        assert!(matches!(error, SendError::Disconnected(_)), "{error:?}");
    });
}

#[test]
fn a_worker_with_threads_and_an_endpoint_hold_each_other_up() {
    const WINDOW: usize = 4096;
    within(LIMIT, || {
        let (near, far) = linked(PIPE_CAPACITY);
        let config = GatewayConfig::new("worker", Role::Worker).with_credit(Some(WINDOW));
        let mut worker = Worker::with_config(config);
        worker.register("double", |channel: &Channel| -> Result<(), SendError> {
            channel
                .iter_as::<u64>()
                .flatten()
                .try_for_each(|n| channel.send(2 * n))
        });
        let serving = thread::spawn(move || worker.serve(far));
        let config = EndpointConfig::new(Role::Initiator).with_credit(Some(WINDOW));
        let endpoint = Endpoint::new(near.reader, near.writer, config);
        let channel = endpoint.remote_exec("double").unwrap();
        let sender = channel.clone();
        let sending = thread::spawn(move || (0..2000u64).try_for_each(|n| sender.send(n)));
        for n in 0..2000u64 {
            assert_eq!(channel.receive_as::<u64>().unwrap(), 2 * n);
        }
        sending.join().unwrap().unwrap();
        endpoint.exit();
        serving.join().unwrap().unwrap();
    });
}
