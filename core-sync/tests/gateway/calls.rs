//! What a call for remote code looks like on the wire, and what a gateway without functions answers to one.

use alloc::sync::Arc;

use execnet_core_sync::Role;
use execnet_core_sync::frame::MessageCode::{ChannelCloseError, ChannelExec};
use execnet_core_sync::link::NoControl;
use execnet_core_sync::testing::Faults;
use execnet_serializer::{ChannelId, Dict, DumpOptions, LoadOptions, Value};

use crate::support::{expect, with, with_gateway};

#[test]
fn source_goes_out_without_its_margin() {
    with_gateway(|gateway, mut peer| {
        gateway
            .remote_exec("\n    for x in channel:\n        pass\n")
            .unwrap();
        let frame = expect(&mut peer, ChannelExec, ChannelId(1));
        let expected = (
            "\nfor x in channel:\n    pass\n",
            None::<&str>,
            None::<&str>,
            Dict::new(),
        );
        assert_eq!(frame.payload, DumpOptions::wire().dumps(&expected).unwrap());
    });
}

#[test]
fn a_function_goes_out_with_its_name_and_arguments() {
    with_gateway(|gateway, mut peer| {
        let mut kwargs = Dict::new();
        kwargs.insert(Value::from("n"), Value::from(3));
        let source = "def f(channel, n): channel.send(n)";
        gateway.remote_exec_function(source, "f", &kwargs).unwrap();
        let frame = expect(&mut peer, ChannelExec, ChannelId(1));
        let expected = (source, None::<&str>, Some("f"), kwargs);
        assert_eq!(frame.payload, DumpOptions::wire().dumps(&expected).unwrap());
    });
}

#[test]
fn a_module_goes_out_as_it_is_with_its_file() {
    with_gateway(|gateway, mut peer| {
        gateway.remote_exec_module("  x = 1\n", "dir/x.py").unwrap();
        let frame = expect(&mut peer, ChannelExec, ChannelId(1));
        let expected = ("  x = 1\n", Some("dir/x.py"), None::<&str>, Dict::new());
        assert_eq!(frame.payload, DumpOptions::wire().dumps(&expected).unwrap());
    });
}

#[test]
fn ids_of_an_initiator_are_odd_and_never_given_twice() {
    with_gateway(|gateway, _peer| {
        let ids: Vec<_> = (0..3)
            .map(|_| gateway.new_channel().unwrap().id().0)
            .collect();
        assert_eq!(ids, [1, 3, 5]);
    });
}

#[test]
fn a_gateway_without_functions_refuses_calls() {
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |_gateway, mut peer| {
            let id = ChannelId(1);
            let request = DumpOptions::wire()
                .dumps(&("pass", (), (), Dict::new()))
                .unwrap();
            peer.write(ChannelExec, id, &request).unwrap();
            let refusal = expect(&mut peer, ChannelCloseError, id);
            assert_eq!(
                LoadOptions::wire().loads(&refusal.payload).unwrap(),
                Value::from("this end runs no code")
            );
        },
    );
}
