//! What a device has to count: the allocations of a main loop, and what waiting is.

use core::cell::RefCell;
use std::thread_local;

use execnet_core_sync::Role;
use execnet_core_sync::endpoint::{Endpoint, EndpointConfig};
use execnet_core_sync::frame::MessageCode::ChannelData;
use execnet_core_sync::frame::{Header, encode_to_slice};
use execnet_serializer::{DumpOptions, Value};

use super::{Bench, Half};

#[test]
fn an_echo_of_small_items_allocates_nothing() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    let payload = DumpOptions::wire().dumps(&7).unwrap();
    let echo = || {
        bench.write(ChannelData, channel.id(), &payload);
        bench.endpoint.poll().unwrap();
        let item = channel.try_receive().unwrap().unwrap();
        channel.send(&*item).unwrap();
        bench.to_peer.way().bytes.clear();
    };
    // The first ones make the buffers.
    echo();
    echo();
    let allocations = allocation_counter::measure(|| (0..100).for_each(|_| echo()));
    assert_eq!(allocations.count_total, 0);
}

thread_local! {
    /// The link of the test, and how often the endpoint has waited for it.
    static LINK: RefCell<Option<(Half, Half, usize)>> = const { RefCell::new(None) };
}

/// As an interrupt: at the third call an item has arrived, or there is room.
fn relax() {
    LINK.with_borrow_mut(|link| {
        let (to_endpoint, to_peer, waits) = link.as_mut().unwrap();
        *waits += 1;
        if *waits % 3 == 0 {
            let mut frame = [0; 32];
            let channel = execnet_serializer::ChannelId(1);
            let frame = encode_to_slice(ChannelData, channel, &7, &mut frame).unwrap();
            to_endpoint.way().bytes.extend(frame);
            to_peer.way().room = 4;
        }
    });
}

#[test]
fn an_endpoint_relaxes_while_it_waits_for_a_link_that_is_not_ready() {
    let (to_endpoint, to_peer) = (Half::default(), Half::default());
    let config = EndpointConfig::new(Role::Initiator).with_relax(Some(relax));
    let endpoint = Endpoint::pollable(to_endpoint.clone(), to_peer.clone(), config);
    LINK.set(Some((to_endpoint, to_peer.clone(), 0)));
    let channel = endpoint.new_channel().unwrap();
    // The halves of this test panic if they are used while they are not ready.
    assert_eq!(channel.receive().unwrap(), Value::from(7));
    assert_eq!(
        LINK.with_borrow(|link| link.as_ref().map(|link| link.2)),
        Some(3)
    );
    to_peer.way().room = 0;
    channel.send(1).unwrap();
    assert_eq!(to_peer.way().bytes.len(), Header::SIZE + 6);
    // Four bytes of fifteen at each third call.
    assert_eq!(
        LINK.with_borrow(|link| link.as_ref().map(|link| link.2)),
        Some(15)
    );
}
