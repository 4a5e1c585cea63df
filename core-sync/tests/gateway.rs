//! What a gateway does, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::error::Error;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Write};

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec, GatewayTerminate, Reconfigure,
    Status,
};
use execnet_core_sync::frame::ReadError;
use execnet_core_sync::link::{Link, NoControl, PeerControl, SharedError};
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY, PipeWriter, pipe, within};
use execnet_core_sync::{
    DisconnectReason, Disconnected, Gateway, GatewayConfig, ReceiveError, Role, SendError,
    StatusError, WaitCloseError,
};
use execnet_serializer::{
    Bytes, ChannelId, Dict, DumpOptions, LoadOptions, StrConfig, Value, value,
};

use support::{
    Interrupted, LIMIT, SOON, eventually, exec, expect, with, with_gateway, with_gateway_of,
};

fn lost(error: ReceiveError) -> Disconnected {
    match error {
        ReceiveError::Disconnected(lost) => lost,
        other => panic!("{other:?}"),
    }
}

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
fn the_status_of_the_peer_is_asked_on_an_id_that_stays_no_channel() {
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
fn what_the_gateway_asks_is_understood_whatever_its_channels_make_of_text() {
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
fn a_status_that_is_none_is_an_error() {
    with_gateway(|gateway, mut peer| {
        let asking = std::thread::spawn(move || gateway.remote_status());
        let asked = peer.expect().unwrap();
        peer.send(asked.channel, 42).unwrap();
        assert!(matches!(asking.join().unwrap(), Err(StatusError::Answer)));
    });
}

#[test]
fn a_status_that_does_not_come_is_not_waited_for() {
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
fn exiting_says_so_and_ends_sending_but_not_receiving() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        gateway.exit();
        gateway.exit();
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        assert!(matches!(channel.send(1), Err(SendError::Disconnected(_))));
        assert!(gateway.new_channel().is_err());
        peer.send(channel.id(), "still").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("still"));
        assert!(!gateway.join_timeout(Duration::from_millis(20)));
        peer.hang_up();
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::Exited),
            "{lost:?}"
        );
        assert!(gateway.join_timeout(SOON));
        assert!(!gateway.has_receiver());
    });
}

#[test]
fn exiting_does_not_wait_for_a_sender_that_is_stuck() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let valve = peer.valve();
        let sender = std::thread::spawn(move || channel.send(Bytes(vec![0; 1 << 20])));
        // The header is out: the sender holds the writer, and waits for a peer that does not read.
        eventually("the sender writes", || peer.has_unread());
        // It returns before anything lets the sender go.
        gateway.exit();
        assert!(!sender.is_finished());
        valve.cut();
        peer.hang_up();
        assert!(sender.join().unwrap().is_err());
        assert!(gateway.join_timeout(SOON));
    });
}

/// The farewell waits behind a sender: a second one is not put beside it.
#[test]
fn exiting_twice_says_so_once() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let id = channel.id();
        let sender = std::thread::spawn(move || channel.send(Bytes(vec![0; 1 << 20])));
        eventually("the sender writes", || peer.has_unread());
        assert!(!gateway.is_exited());
        gateway.exit();
        gateway.exit();
        assert!(gateway.is_exited());
        expect(&mut peer, ChannelData, id);
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn interrupted_reads_and_writes_of_a_gateway_are_repeated() {
    within(LIMIT, || {
        let (reader, writer, mut peer) = testing::scripted_halves(PIPE_CAPACITY);
        let control = Arc::new(NoControl);
        let (reader, writer) = (Interrupted::new(reader), Interrupted::new(writer));
        let link = Link::from_std(reader, writer, control);
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = exec(&gateway, &mut peer);
        let item = Value::Bytes(vec![7; 1000]);
        channel.send(&item).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), item);
        peer.send(channel.id(), &item).unwrap();
        assert_eq!(channel.receive().unwrap(), item);
    });
}

#[test]
fn a_close_is_told_where_no_thread_can_be_started_for_it() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        testing::refuse_threads(&gateway, true);
        channel.close();
        expect(&mut peer, ChannelClose, channel.id());
        gateway.exit();
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn a_worker_that_runs_nothing_refuses_calls() {
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

#[test]
fn dropping_the_last_handle_exits() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        drop(gateway);
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
        drop(channel);
        expect(&mut peer, ChannelClose, ChannelId(1));
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[test]
fn the_end_of_the_link_wakes_everybody_with_a_reason() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let waits: Vec<_> = (0..4)
            .map(|n| {
                let channel = channel.clone();
                std::thread::spawn(move || match n % 2 {
                    0 => matches!(channel.receive(), Err(ReceiveError::Disconnected(_))),
                    _ => matches!(channel.wait_close(), Err(WaitCloseError::Disconnected(_))),
                })
            })
            .collect();
        peer.hang_up();
        for wait in waits {
            assert!(wait.join().unwrap());
        }
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::EndOfStream),
            "{lost:?}"
        );
        assert!(gateway.new_channel().is_err());
        assert!(channel.is_closed());
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn items_that_came_before_the_end_of_the_link_are_received() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 1).unwrap();
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        assert_eq!(channel.receive().unwrap(), Value::from(1));
        lost(channel.receive().unwrap_err());
    });
}

#[test]
fn a_channel_that_ended_before_the_link_ended_well() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        channel.wait_close().unwrap();
    });
}

#[derive(Debug, Default)]
struct Coroner {
    asked: AtomicUsize,
}

impl PeerControl for Coroner {
    fn post_mortem(&self) -> Option<SharedError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(std::io::Error::other("killed by SIGKILL")))
    }
}

#[test]
fn what_the_transport_knows_is_told_by_every_error() {
    let coroner = Arc::new(Coroner::default());
    with(
        Role::Initiator,
        Faults::default(),
        coroner.clone(),
        move |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.valve().cut();
            peer.hang_up();
            let error = channel.receive().unwrap_err();
            assert_eq!(error.to_string(), "connection lost: killed by SIGKILL");
            assert!(error.source().is_none());
            let cause = lost(error).cause().map(ToString::to_string);
            assert_eq!(cause.as_deref(), Some("killed by SIGKILL"));
            assert_eq!(
                channel.send(1).unwrap_err().to_string(),
                "cannot send: connection lost: killed by SIGKILL"
            );
            assert_eq!(coroner.asked.load(Ordering::Relaxed), 1);
        },
    );
}

/// It may wait for an exit status, and those who wait on the gateway with it.
#[test]
fn the_transport_is_not_asked_about_a_peer_whose_end_is_known() {
    for bytes in [&b"\x02\0\0\0\0\0\0\0\0"[..], b"Welcome!!"] {
        let coroner = Arc::new(Coroner::default());
        let faults = Faults::default();
        with(
            Role::Initiator,
            faults,
            coroner.clone(),
            move |gateway, mut peer| {
                peer.write_raw(bytes).unwrap();
                assert!(gateway.join_timeout(SOON));
                assert!(gateway.disconnected().unwrap().cause().is_none());
                assert_eq!(coroner.asked.load(Ordering::Relaxed), 0);
            },
        );
    }
}

/// The writing half of a link whose peer dies as it is written to.
struct Dying(Option<PipeWriter>);

impl Write for Dying {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        // The reading half sees its end.
        self.0 = None;
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// It waits for the exit status of the peer.
struct Patient;

impl PeerControl for Patient {
    fn post_mortem(&self) -> Option<SharedError> {
        std::thread::sleep(Duration::from_millis(50));
        Some(Arc::new(io::Error::other("killed by SIGKILL")))
    }
}

#[test]
fn a_failed_write_waits_for_what_the_transport_knows() {
    within(LIMIT, || {
        let (from_peer, reader) = pipe(PIPE_CAPACITY);
        let link = Link::from_std(reader, Dying(Some(from_peer)), Arc::new(Patient));
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let channel = Gateway::new(link, config).unwrap().new_channel().unwrap();
        assert_eq!(
            channel.send(1).unwrap_err().to_string(),
            "cannot send: connection lost: killed by SIGKILL"
        );
    });
}

#[derive(Debug, Default)]
struct Killer {
    kills: AtomicUsize,
}

impl PeerControl for Killer {
    fn kill(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn killing_is_the_transports() {
    let killer = Arc::new(Killer::default());
    let faults = Faults::default();
    with(
        Role::Initiator,
        faults,
        killer.clone(),
        move |gateway, _peer| {
            assert_eq!(killer.kills.load(Ordering::Relaxed), 0);
            gateway.kill();
            assert_eq!(killer.kills.load(Ordering::Relaxed), 1);
        },
    );
}

#[test]
fn a_stream_that_is_cut_inside_a_frame_says_so() {
    // EXEC's answer would be an item of 15 bytes.
    let faults = Faults::cut_after(12);
    with(
        Role::Initiator,
        faults,
        Arc::new(NoControl),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.send(channel.id(), 1).unwrap();
            let lost = lost(channel.receive().unwrap_err());
            let text = lost.to_string();
            assert!(text.contains("inside a frame's payload"), "{text}");
        },
    );
}

#[test]
fn an_error_of_the_link_is_told() {
    let faults = Faults::fail_after(0, std::io::ErrorKind::ConnectionReset);
    with(
        Role::Initiator,
        faults,
        Arc::new(NoControl),
        |gateway, _peer| {
            assert!(gateway.join_timeout(SOON));
            let lost = gateway.disconnected().unwrap();
            let DisconnectReason::Read(ReadError::Link(error)) = lost.reason() else {
                panic!("{lost}")
            };
            let kind = error.io_error().map(std::io::Error::kind);
            assert_eq!(kind, Some(std::io::ErrorKind::ConnectionReset));
        },
    );
}

#[test]
fn a_peer_that_terminates_ends_the_gateway() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(GatewayTerminate, ChannelId(0), b"").unwrap();
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::Terminated),
            "{lost:?}"
        );
        assert!(peer.next_frame().unwrap().is_none());
    });
}

struct Panicking;

impl PeerControl for Panicking {
    fn post_mortem(&self) -> Option<SharedError> {
        panic!("this panic is part of the test");
    }
}

#[test]
fn a_transport_that_panics_leaves_nobody_waiting() {
    with(
        Role::Initiator,
        Faults::default(),
        Arc::new(Panicking),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.hang_up();
            let lost = lost(channel.receive().unwrap_err());
            assert!(
                matches!(lost.reason(), DisconnectReason::Panicked),
                "{lost:?}"
            );
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
fn what_is_no_text_prints_its_name() {
    let (link, script) = testing::scripted(PIPE_CAPACITY);
    assert_eq!(format!("{link:?} {script:?}"), "Link { .. } Script { .. }");
}
