//! Channels, gateways and items as values: printing, comparing, hashing.

use execnet_core_sync::{Gateway, GatewayConfig, Role};
use execnet_serializer::Value;

use crate::support::{exec, with_gateway};

#[test]
fn a_channel_and_its_state_can_be_printed() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        assert_eq!(channel.to_string(), "<Channel id=1 open>");
        channel.close();
        assert_eq!(format!("{channel:?}"), "<Channel id=1 closed>");
    });
}

#[test]
#[allow(
    clippy::mutable_key_type,
    reason = "the hash is of the channel's identity, which never changes"
)]
fn channels_and_gateways_are_keys_of_a_map() {
    use std::collections::HashSet;
    with_gateway(|gateway, _peer| {
        let channels = [(); 2].map(|()| gateway.new_channel().unwrap());
        let [one, other] = channels.clone();
        let mut set: HashSet<_> = channels.into_iter().collect();
        assert!(!set.insert(one.clone()), "it is in the set");
        assert_eq!(set.len(), 2);
        assert!(set.remove(&one) && set.remove(&other) && set.is_empty());
        let gateways = HashSet::from([gateway.clone(), one.gateway().clone()]);
        assert_eq!(gateways.len(), 1);
    });
    let gateway_of = |name| {
        let (link, peer) = execnet_core_sync::testing::scripted(1000);
        let config = GatewayConfig::new(name, Role::Initiator);
        (Gateway::new(link, config).unwrap(), peer)
    };
    // Of the same name, with channels of the same id.
    let [(one, _one_peer), (other, _other_peer)] = [(); 2].map(|()| gateway_of("gw0"));
    assert_ne!(one, other);
    let gateways = [one, other];
    let channels = gateways
        .each_ref()
        .map(|gateway| gateway.new_channel().unwrap());
    assert_eq!(HashSet::from(gateways).len(), 2);
    assert_eq!(HashSet::from(channels).len(), 2);
}

#[test]
fn items_compare_and_print_as_their_values() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in [7, 7, 8] {
            peer.send(channel.id(), (number, "x")).unwrap();
        }
        let [seven, same, eight] = [(); 3].map(|()| channel.receive().unwrap());
        let value = Value::from((7, "x"));
        assert_eq!(seven, value);
        assert_eq!(value, seven);
        assert_eq!(seven, same);
        assert_ne!(eight, value);
        assert_ne!(value, eight);
        assert_ne!(seven, eight);
        assert_eq!(seven.to_string(), "(7, 'x')");
        assert_eq!(format!("{seven:?}"), format!("{value:?}"));
    });
}
