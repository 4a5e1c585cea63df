//! The status of the peer and of this end, and how a gateway prints.

use alloc::sync::Arc;
use core::time::Duration;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, Reconfigure, Status};
use execnet_core_sync::link::NoControl;
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY};
use execnet_core_sync::{Disconnected, Gateway, ReceiveError, Role, StatusError};
use execnet_serializer::{ChannelId, StrConfig, value};

use crate::support::{SOON, exec, expect, with, with_gateway, with_gateway_of};

#[test]
fn a_status_request_leaves_no_channel() {
    with_gateway(|gateway, mut peer| {
        let answer = std::thread::spawn(move || {
            let asked = peer.expect().unwrap();
            assert_eq!((asked.code, asked.channel), (Status, ChannelId(1)));
            let payload = b"JN\0\0\0\x0bnumchannelsF\0\0\0\x02PN\0\0\0\x0cnumexecutingF\0\0\0\x01P\
                N\0\0\0\x09execmodelN\0\0\0\x06threadPQ";
            peer.write(ChannelData, asked.channel, payload).unwrap();
            peer.write(ChannelClose, asked.channel, b"").unwrap();
            peer
        });
        let status = gateway.remote_status().unwrap();
        assert_eq!((status.num_channels, status.num_executing), (2, 1));
        assert_eq!(status.exec_model, "thread");
        let mut peer = answer.join().unwrap();
        assert!(
            gateway.to_string().contains("0 active channels"),
            "{gateway}"
        );
        // Nothing was sent for the end of the asking.
        gateway.reconfigure(StrConfig::CHANNEL).unwrap();
        expect(&mut peer, Reconfigure, ChannelId(0));
    });
}

/// Settings of the gateway that had its channels receive text as bytes had the status be none.
#[test]
fn status_and_info_are_read_whatever_the_string_settings() {
    with_gateway(|gateway, mut peer| {
        let bytes = StrConfig {
            py2str_as_py3str: false,
            py3str_as_py2str: true,
        };
        gateway.reconfigure(bytes).unwrap();
        expect(&mut peer, Reconfigure, ChannelId(0));
        let answer = std::thread::spawn(move || {
            let asked = peer.expect().unwrap();
            let status = value!({"numchannels": 2, "numexecuting": 1, "execmodel": "thread"});
            peer.send(asked.channel, status).unwrap();
            let asked = peer.expect().unwrap();
            let info = value!({
                "executable": "python", "version_info": (3, 12), "platform": "linux", "cwd": "/", "pid": 7
            });
            peer.send(asked.channel, info).unwrap();
        });
        assert_eq!(gateway.remote_status().unwrap().num_channels, 2);
        assert_eq!(gateway.remote_info().unwrap().platform, "linux");
        answer.join().unwrap();
    });
}

#[test]
fn a_malformed_status_is_an_error() {
    with_gateway(|gateway, mut peer| {
        let asking = std::thread::spawn(move || gateway.remote_status());
        let asked = peer.expect().unwrap();
        peer.send(asked.channel, 42).unwrap();
        assert!(matches!(asking.join().unwrap(), Err(StatusError::Answer)));
    });
}

#[test]
fn a_request_for_the_status_times_out() {
    with_gateway(|gateway, _peer| {
        let status = gateway.remote_status_timeout(Duration::from_millis(20));
        assert!(
            matches!(status, Err(StatusError::Receive(ReceiveError::Timeout))),
            "{status:?}"
        );
    });
}

#[test]
fn a_worker_answers_its_status() {
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |gateway, mut peer| {
            peer.write(Status, ChannelId(5), b"").unwrap();
            let frame = expect(&mut peer, ChannelData, ChannelId(5));
            let recorded = b"JN\0\0\0\x0bnumchannelsF\0\0\0\0PN\0\0\0\x0cnumexecutingF\0\0\0\0P\
            N\0\0\0\x09execmodelN\0\0\0\x06threadPQ";
            assert_eq!(frame.payload, recorded);
            expect(&mut peer, ChannelClose, ChannelId(5));
            assert!(gateway.has_receiver());
        },
    );
}

#[test]
fn handles_are_shared_between_threads() {
    fn check<T: Send + Sync + Clone>() {}
    check::<Gateway>();
    check::<execnet_core_sync::Channel>();
    check::<Disconnected>();
}

#[test]
fn a_gateway_can_be_printed() {
    with_gateway(|gateway, mut peer| {
        let _channel = exec(&gateway, &mut peer);
        let live = "<Gateway id='gw0' receive-live, thread model, 1 active channels>";
        assert_eq!(gateway.to_string(), live);
        assert_eq!(format!("{gateway:?}"), live);
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        let dead = "<Gateway id='gw0' not-receiving, thread model, 0 active channels>";
        assert_eq!(gateway.to_string(), dead);
    });
}

#[test]
fn a_gateway_has_the_name_and_the_spec_it_was_given() {
    with_gateway_of(
        |config| config.with_spec("popen//id=gw0".to_owned()),
        |gateway, _peer| assert_eq!((gateway.id(), gateway.spec()), ("gw0", "popen//id=gw0")),
    );
    with_gateway(|gateway, _peer| assert_eq!(gateway.spec(), ""));
}

#[test]
fn links_and_scripts_print_their_type_names() {
    let (link, script) = testing::scripted(PIPE_CAPACITY);
    assert_eq!(format!("{link:?} {script:?}"), "Link { .. } Script { .. }");
}
