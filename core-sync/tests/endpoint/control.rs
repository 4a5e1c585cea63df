//! Endpoints that call the functions of a worker.

use std::thread;

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::endpoint::{Endpoint, EndpointConfig};
use execnet_core_sync::testing::{Faults, PIPE_CAPACITY, pipe, within};
use execnet_core_sync::{Channel, Role, SendError, StatusError, WaitCloseError, Worker};
use execnet_serializer::{Bytes, ChannelId, Value};

use crate::support::{Failure, LIMIT};
use crate::{endpoint, functions, scripted};

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
        // Items for one channel are kept while a thread waits on the other.
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
fn an_endpoint_requests_the_status_of_its_peer() {
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
fn an_endpoint_receives_channels() {
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

#[test]
fn two_endpoints_exchange_items() {
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
