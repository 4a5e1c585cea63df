//! Endpoints: the session without threads of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use core::error::Error;
use std::thread::{self, JoinHandle};

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelData, ChannelExec, GatewayTerminate,
};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::testing::{Faults, PIPE_CAPACITY, pipe, within};
use execnet_core_sync::{
    Channel, DisconnectReason, Disconnected, Gateway, GatewayConfig, ReceiveError, Role, SendError,
    StatusError, WaitCloseError, Worker,
};
use execnet_serializer::{Bytes, ChannelId, Dict, Value, value};

use support::{LIMIT, SOON};

type Failure = Box<dyn Error + Send + Sync>;

const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// An endpoint of this role, and the link of its peer. The endpoint reads with these faults.
fn endpoint(role: Role, faults: Faults) -> (Endpoint, Link) {
    let (to_peer, peer_reads) = pipe(PIPE_CAPACITY);
    let (to_endpoint, endpoint_reads) = pipe(PIPE_CAPACITY);
    let endpoint = Endpoint::new(
        FromStd::new(endpoint_reads.with_faults(faults)),
        FromStd::new(to_peer),
        EndpointConfig::new(role),
    );
    let link = Link::from_std(peer_reads, to_endpoint, alloc::sync::Arc::new(NoControl));
    (endpoint, link)
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions
        .register("echo", |channel: &EndpointChannel| -> Result<(), Failure> {
            loop {
                match channel.receive() {
                    Ok(item) => channel.send(&*item)?,
                    Err(ReceiveError::Closed) => return Ok(()),
                    Err(error) => return Err(error.into()),
                }
            }
        })
        .register("next", |channel: &EndpointChannel, n: i64| {
            channel.send_as(&(n + 1))
        })
        .register("sums", |channel: &EndpointChannel| -> Result<(), Failure> {
            let sums = channel.postcard::<u64, Vec<u32>>();
            loop {
                sums.send(&sums.receive()?.into_iter().map(u64::from).sum())?;
            }
        })
        .register("fails", |_: &EndpointChannel| -> Result<(), Failure> {
            Err("it failed".into())
        })
        .register("late", |channel: &EndpointChannel| {
            assert!(channel.receive().is_err());
            channel.send("late")
        })
        .register(
            "forward",
            |channel: &EndpointChannel| -> Result<(), Failure> {
                let item = channel.receive()?;
                let named = item.as_channel().ok_or("no channel")?;
                named.send("to the named one")?;
                Ok(())
            },
        );
    functions
}

/// Runs a test with a gateway whose worker is an endpoint that serves.
fn served(body: impl FnOnce(Gateway, JoinHandle<Result<(), Disconnected>>) + Send + 'static) {
    within(LIMIT, move || {
        let (endpoint, link) = endpoint(Role::Worker, Faults::default());
        let serving = thread::spawn(move || endpoint.serve(&functions()));
        let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        body(gateway, serving);
    });
}

fn receive(channel: &Channel) -> Value {
    channel.receive_timeout(SOON).unwrap().into_value()
}

fn remote_error(channel: &Channel) -> String {
    match channel.receive_timeout(SOON) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn n(n: i64) -> Dict {
    [(Value::from("n"), Value::from(n))].into_iter().collect()
}

#[test]
fn an_endpoint_serves_functions() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec("echo").unwrap();
        for item in [value!(1), value!("two"), value!([3, (4, 5)])] {
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item);
        }
        channel.close();
        let channel = gateway.remote_exec_function("", "next", &n(41)).unwrap();
        assert_eq!(receive(&channel), Value::from(42));
        channel.wait_close_timeout(SOON).unwrap();
        let channel = gateway.remote_exec("fails").unwrap();
        assert_eq!(remote_error(&channel), "function 'fails' failed: it failed");
        let error = remote_error(&gateway.remote_exec("unknown").unwrap());
        assert!(error.contains("registered: 'echo', 'fails'"), "{error}");
        gateway.exit();
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn an_endpoint_takes_call_after_call() {
    served(|gateway, _serving| {
        for _ in 0..10 {
            let channel = gateway.remote_exec("echo").unwrap();
            channel.send(7).unwrap();
            assert_eq!(receive(&channel), Value::from(7));
            channel.close();
        }
    });
}

#[test]
fn an_endpoint_refuses_a_second_call_and_tells_its_status() {
    served(|gateway, _serving| {
        let first = gateway.remote_exec("echo").unwrap();
        let second = gateway.remote_exec("echo").unwrap();
        assert_eq!(remote_error(&second), BUSY);
        let status = gateway.remote_status_timeout(SOON).unwrap();
        assert_eq!(status.exec_model, "main_thread_only");
        assert_eq!(status.num_executing, 1);
        first.send(1).unwrap();
        assert_eq!(receive(&first), Value::from(1));
    });
}

#[test]
fn channels_in_items_live_at_an_endpoint() {
    served(|gateway, _serving| {
        let channel = gateway.remote_exec("forward").unwrap();
        let named = gateway.new_channel().unwrap();
        channel.send(&named).unwrap();
        assert_eq!(receive(&named), Value::from("to the named one"));
        // Its handle there went with the item.
        named.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn a_function_of_an_endpoint_still_sends_after_the_end() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec("late").unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from("late"));
        serving.join().unwrap().unwrap();
        assert!(gateway.join_timeout(SOON), "the endpoint closes the link");
    });
}

#[test]
fn a_call_that_comes_right_before_the_end_is_run() {
    served(|gateway, serving| {
        let channel = gateway.remote_exec_function("", "next", &n(1)).unwrap();
        gateway.exit();
        assert_eq!(receive(&channel), Value::from(2));
        serving.join().unwrap().unwrap();
    });
}

/// Runs a test with an endpoint that controls a worker with threads.
fn controlling(faults: Faults, body: impl FnOnce(Endpoint) + Send + 'static) {
    within(LIMIT, move || {
        let (endpoint, link) = endpoint(Role::Initiator, faults);
        let mut worker = Worker::new();
        worker
            .register("echo", |channel: &Channel| -> Result<(), Failure> {
                for item in channel {
                    channel.send(&*item?)?;
                }
                Ok(())
            })
            .register("fails", |_: &Channel| -> Result<(), Failure> {
                Err("it failed".into())
            })
            .register("opens", |channel: &Channel| -> Result<(), Failure> {
                let named = channel.gateway().new_channel()?;
                channel.send(&named)?;
                named.send(channel.receive()?.into_value())?;
                Ok(())
            });
        let serving = thread::spawn(move || worker.serve(link));
        body(endpoint.clone());
        endpoint.exit();
        serving.join().unwrap().unwrap();
    });
}

#[test]
fn an_endpoint_calls_a_worker() {
    controlling(Faults::short_reads(3), |endpoint| {
        let (one, other) = (
            endpoint.remote_exec("echo").unwrap(),
            endpoint.remote_exec("echo").unwrap(),
        );
        assert_eq!((one.id(), other.id()), (ChannelId(1), ChannelId(3)));
        one.send(1).unwrap();
        other.send(Bytes(vec![7; 5000])).unwrap();
        // What comes for the one while the other waits is kept.
        assert_eq!(other.receive().unwrap(), Value::Bytes(vec![7; 5000]));
        assert_eq!(one.receive().unwrap(), Value::from(1));
        assert!(one.try_receive().unwrap().is_none());
        one.close();
        assert!(matches!(one.send(2), Err(SendError::Closed)));
        let failing = endpoint.remote_exec("fails").unwrap();
        let error = failing.wait_close().unwrap_err();
        assert!(matches!(error, WaitCloseError::Remote(_)), "{error:?}");
        assert!(failing.is_closed());
    });
}

#[test]
fn an_endpoint_asks_for_the_status_of_its_peer() {
    controlling(Faults::default(), |endpoint| {
        let channel = endpoint.remote_exec("echo").unwrap();
        channel.send(1).unwrap();
        channel.receive().unwrap();
        let status = endpoint.remote_status().unwrap();
        assert_eq!((status.num_channels, status.num_executing), (1, 1));
        assert_eq!(status.exec_model, "thread");
        endpoint.exit();
        assert!(matches!(
            endpoint.remote_status(),
            Err(StatusError::Send(SendError::Disconnected(_)))
        ));
    });
}

#[test]
fn an_endpoint_talks_postcard() {
    served(|gateway, _serving| {
        let sums = gateway.remote_exec("sums").unwrap();
        let sums = sums.postcard::<Vec<u32>, u64>();
        for (numbers, sum) in [
            (vec![1, 2, 3], 6),
            (vec![], 0),
            (vec![u32::MAX; 2], 8_589_934_590),
        ] {
            sums.send(&numbers).unwrap();
            assert_eq!(sums.receive_timeout(SOON).unwrap(), sum);
        }
        sums.channel().send("no postcard").unwrap();
        let error = remote_error(sums.channel());
        assert!(
            error.contains("an item of a postcard channel must be bytes"),
            "{error}"
        );
    });
}

#[test]
fn an_endpoint_gets_channels() {
    controlling(Faults::default(), |endpoint| {
        let channel = endpoint.remote_exec("opens").unwrap();
        let item = channel.receive().unwrap();
        let named = item.as_channel().unwrap().clone();
        drop(item);
        channel.send("through").unwrap();
        assert_eq!(named.receive_as::<String>().unwrap(), "through");
        channel.wait_close().unwrap();
    });
}

#[test]
fn several_threads_wait_on_one_endpoint() {
    controlling(Faults::default(), |endpoint| {
        thread::scope(|scope| {
            for number in 0..4 {
                let channel = endpoint.remote_exec("echo").unwrap();
                scope.spawn(move || {
                    for n in 0..200 {
                        channel.send((number, n)).unwrap();
                        assert_eq!(channel.receive().unwrap(), Value::from((number, n)));
                    }
                });
            }
        });
    });
}

#[test]
fn an_item_that_another_thread_reads_wakes_its_receiver() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channels = [(); 2].map(|()| endpoint.new_channel().unwrap());
        let [one, other] = channels.clone();
        let waiting = [one, other]
            .map(|channel| thread::spawn(move || channel.receive().map(|item| item.into_value())));
        // The one that reads may be the one whose item never comes.
        for (channel, waiting) in channels.iter().zip(waiting) {
            peer.send(channel.id(), 7).unwrap();
            assert_eq!(waiting.join().unwrap().unwrap(), Value::from(7));
        }
    });
}

/// Runs a test with an endpoint and the script of its peer.
fn scripted(
    role: Role,
    body: impl FnOnce(Endpoint, execnet_core_sync::testing::Script) + Send + 'static,
) {
    within(LIMIT, move || {
        let (reader, writer, peer) = execnet_core_sync::testing::scripted_halves(PIPE_CAPACITY);
        let config = EndpointConfig::new(role);
        body(
            Endpoint::new(FromStd::new(reader), FromStd::new(writer), config),
            peer,
        );
    });
}

#[test]
fn dropping_a_channel_of_an_endpoint_closes_it() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        support::expect(&mut peer, ChannelExec, ChannelId(1));
        channel.send(1).unwrap();
        support::expect(&mut peer, ChannelData, ChannelId(1));
        drop(channel);
        // It leaves with the next frame, in front of it.
        endpoint.exit();
        support::expect(&mut peer, ChannelClose, ChannelId(1));
        support::expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        assert!(matches!(
            endpoint.new_channel(),
            Err(SendError::Disconnected(_))
        ));
    });
}

#[test]
fn an_endpoint_that_lost_its_peer_says_how() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        peer.send(channel.id(), "before").unwrap();
        peer.write_raw(b"\x04\0\0").unwrap();
        peer.hang_up();
        assert_eq!(channel.receive().unwrap(), Value::from("before"));
        let Err(ReceiveError::Disconnected(lost)) = channel.receive() else {
            panic!("there is no more");
        };
        assert!(
            lost.to_string().contains("inside a frame's header"),
            "{lost}"
        );
        assert!(matches!(
            channel.wait_close(),
            Err(WaitCloseError::Disconnected(_))
        ));
        assert!(channel.send(1).is_err());
        assert!(endpoint.disconnected().is_some());
    });
}

#[test]
fn a_peer_that_breaks_the_protocol_ends_serving() {
    scripted(Role::Worker, |endpoint, mut peer| {
        peer.write_raw(b"Welcome!!").unwrap();
        let lost = endpoint.serve(&functions()).unwrap_err();
        assert!(
            matches!(lost.reason(), DisconnectReason::Protocol(_)),
            "{lost:?}"
        );
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[test]
fn an_endpoint_that_controls_runs_nothing() {
    use execnet_core_sync::frame::MessageCode::ChannelCloseError;
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        support::expect(&mut peer, ChannelExec, channel.id());
        peer.write(ChannelExec, ChannelId(2), b"").unwrap();
        peer.send(channel.id(), 1).unwrap();
        channel.receive().unwrap();
        support::expect(&mut peer, ChannelCloseError, ChannelId(2));
    });
}

#[test]
fn two_endpoints_talk() {
    within(LIMIT, || {
        let (to_left, left_reads) = pipe(PIPE_CAPACITY);
        let (to_right, right_reads) = pipe(PIPE_CAPACITY);
        let serving = thread::spawn(move || {
            let config = EndpointConfig::new(Role::Worker);
            Endpoint::new(FromStd::new(right_reads), FromStd::new(to_left), config)
                .serve(&functions())
        });
        let config = EndpointConfig::new(Role::Initiator);
        let endpoint = Endpoint::new(FromStd::new(left_reads), FromStd::new(to_right), config);
        let channel = endpoint.remote_exec("echo").unwrap();
        for n in 0..1000 {
            channel.send(n).unwrap();
            assert_eq!(channel.receive_as::<i32>().unwrap(), n);
        }
        drop((channel, endpoint));
        serving.join().unwrap().unwrap();
    });
}
