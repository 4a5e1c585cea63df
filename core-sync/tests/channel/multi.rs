//! Several channels as one. Tests whose names begin with `multichannel` have the names of behaviours of execnet's own suite.

use alloc::collections::BTreeMap;
use core::error::Error;
use core::time::Duration;
use std::thread::{self, JoinHandle};

use execnet_core_sync::testing::{PIPE_CAPACITY, linked, within};
use execnet_core_sync::{
    Channel, Gateway, GatewayConfig, MultiChannel, ReceiveError, Role, SendError, ServeError,
    Worker,
};
use execnet_serializer::Value;

use crate::support::{Failure, LIMIT, SOON, eventually};

type Served = JoinHandle<Result<(), ServeError>>;

fn connect(name: &str) -> (Gateway, Served) {
    let mut worker = Worker::new();
    worker
        .register("next", |channel: &Channel| -> Result<(), Failure> {
            let number = channel.receive()?.as_i64().ok_or("no number")?;
            channel.send(number + 1)?;
            Ok(())
        })
        .register("count", |channel: &Channel| {
            (0..3).try_for_each(|n| channel.send(n))
        })
        .register("fails", |channel: &Channel| -> Result<(), Failure> {
            drop(channel.receive());
            Err("it failed".into())
        })
        .register("fails_at_length", |_: &Channel| -> Result<(), Failure> {
            Err("it failed\nfor the second time".into())
        });
    let (near, far) = linked(PIPE_CAPACITY);
    let served = thread::spawn(move || worker.serve(far));
    let config = GatewayConfig::new(name, Role::Initiator);
    (Gateway::new(near, config).unwrap(), served)
}

/// Runs a test with one channel to each of two workers that run this.
fn with_two(function: &'static str, body: impl FnOnce(MultiChannel) + Send + 'static) {
    within(LIMIT, move || {
        let workers = ["gw0", "gw1"].map(connect);
        let channels = workers
            .iter()
            .map(|(gateway, _)| gateway.remote_exec(function).unwrap());
        body(channels.collect());
        for (gateway, served) in workers {
            gateway.exit();
            served.join().unwrap().unwrap();
        }
    });
}

#[test]
fn multichannel_container_basics() {
    with_two("next", |channels| {
        let members: Vec<Channel> = channels.iter().cloned().collect();
        assert_eq!((channels.len(), channels.is_empty()), (2, false));
        assert_eq!((&channels[0], &channels[1]), (&members[0], &members[1]));
        assert_eq!(channels.get(1), Some(&members[1]));
        assert_eq!(channels.get(2), None);
        assert!(members.iter().all(|member| channels.contains(member)));
        assert!((&channels).into_iter().eq(&members));
        assert!(MultiChannel::default().is_empty());
        let other = members[0].gateway().new_channel().unwrap();
        assert!(!channels.contains(&other));
        assert_eq!(channels.into_iter().collect::<Vec<_>>(), members);
    });
}

#[test]
fn multichannel_receive_each() {
    with_two("next", |channels| {
        channels[0].send(1).unwrap();
        channels[1].send(10).unwrap();
        let received = channels.receive_each_with_channel();
        let expected = [Value::from(2), Value::from(11)];
        for ((channel, item), (member, value)) in
            received.iter().zip(channels.iter().zip(&expected))
        {
            assert_eq!((channel, &**item.as_ref().unwrap()), (member, value));
        }
    });
}

#[test]
fn multichannel_send_each() {
    with_two("next", |channels| {
        channels.send_each(41).unwrap();
        let answers: Result<Vec<_>, _> = channels.receive_each().into_iter().collect();
        assert_eq!(answers.unwrap(), [Value::from(42), Value::from(42)]);
    });
}

#[test]
fn multichannel_receive_queue_for_two() {
    with_two("count", |channels| {
        let queue = channels.make_receive_queue_with_end_markers().unwrap();
        let mut seen: BTreeMap<String, Vec<Option<Value>>> = BTreeMap::new();
        for (channel, item) in queue {
            assert!(channels.contains(&channel));
            let of = channel.gateway().id().to_owned();
            seen.entry(of).or_default().push(item.map(Value::from));
        }
        let each: Vec<_> = (0..3).map(|n| Some(Value::from(n))).chain([None]).collect();
        assert_eq!(seen.into_values().collect::<Vec<_>>(), [each.clone(), each]);
        channels.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn a_queue_without_endmarkers_ends_with_the_last_channel() {
    with_two("next", |channels| {
        let queue = channels.make_receive_queue().unwrap();
        assert!(matches!(queue.try_receive(), Ok(None)));
        let nothing = queue.receive_timeout(Duration::from_millis(20));
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
        channels.send_each(1).unwrap();
        for _ in 0..2 {
            let (_, item) = queue.receive_timeout(SOON).unwrap();
            assert_eq!(item.unwrap(), Value::from(2));
        }
        assert!(matches!(queue.receive(), Err(ReceiveError::Closed)));
        assert!(matches!(queue.try_receive(), Err(ReceiveError::Closed)));
    });
}

#[test]
fn a_queue_that_is_dropped_does_not_keep_its_channels() {
    with_two("next", |channels| {
        let gateway = channels[0].gateway().clone();
        let queue = channels.make_receive_queue().unwrap();
        drop(channels);
        drop(queue);
        eventually("the functions end, as no items are sent to them", || {
            gateway.remote_status().unwrap().num_executing == 0
        });
    });
}

#[test]
fn multichannel_waitclose() {
    with_two("next", |channels| {
        let early = channels.wait_close_timeout(Duration::from_millis(20));
        assert!(
            early
                .unwrap_err()
                .iter()
                .all(|error| error.error.is_timeout())
        );
        channels.send_each(1).unwrap();
        channels.wait_close_timeout(SOON).unwrap();
        assert!(channels.iter().all(Channel::is_closed));
    });
}

#[test]
fn wait_close_returns_the_errors_of_all_channels_after_the_last_ended() {
    with_two("fails", |channels| {
        channels.send_each(()).unwrap();
        let errors = channels.wait_close_timeout(SOON).unwrap_err();
        let members: Vec<&Channel> = errors.iter().map(|error| &error.channel).collect();
        assert_eq!(members, [&channels[0], &channels[1]]);
        for error in &errors {
            assert!(error.error.as_remote().is_some(), "{error}");
        }
        let failed = "remote code failed: function 'fails' failed: it failed";
        assert_eq!(
            errors.to_string(),
            format!("channel 1 of gateway 'gw0': {failed} (and 1 more)")
        );
        assert_eq!(
            format!("{errors:?}"),
            format!("channel 1 of gateway 'gw0': {failed}\n\nchannel 1 of gateway 'gw1': {failed}")
        );
        assert!(channels.iter().all(Channel::is_closed));
        let errors = channels.send_each(()).unwrap_err();
        let errors: Vec<_> = errors.into_iter().map(|error| error.error).collect();
        assert_eq!(errors, [SendError::Closed, SendError::Closed]);
    });
}

#[test]
fn the_source_of_several_errors_is_that_of_the_first() {
    with_two("fails_at_length", |channels| {
        let errors = channels.wait_close_timeout(SOON).unwrap_err();
        let source = errors.source().map(ToString::to_string);
        assert_eq!(
            source.as_deref(),
            Some("function 'fails_at_length' failed: it failed\nfor the second time")
        );
    });
}

#[test]
fn items_of_one_channel_are_not_lost_with_the_error_of_another() {
    for failing in [0, 1] {
        with_two("next", move |channels| {
            for (number, channel) in channels.iter().enumerate() {
                match number == failing {
                    true => channel.send("no number").unwrap(),
                    false => channel.send(1).unwrap(),
                }
            }
            let received = channels.receive_each();
            assert_eq!(received[1 - failing].as_ref().unwrap(), &Value::from(2));
            let error = received[failing].as_ref().unwrap_err();
            assert_eq!(error.channel, channels[failing]);
            assert!(error.error.as_remote().is_some(), "{error}");
            for (channel, result) in channels.receive_each_with_channel() {
                assert!(channels.contains(&channel));
                assert_eq!(result.unwrap_err(), ReceiveError::Closed);
            }
        });
    }
}

#[test]
fn no_queue_is_made_of_channels_with_callbacks() {
    with_two("next", |channels| {
        let first = MultiChannel::new(vec![channels[0].clone()]);
        let later = MultiChannel::new(vec![channels[1].clone(), channels[0].clone()]);
        let queue = first.make_receive_queue().unwrap();
        assert!(channels.make_receive_queue().is_err());
        let error = later.make_receive_queue().unwrap_err();
        assert_eq!(error.channel, channels[0]);
        // The one in front of it is as it was.
        channels.send_each(1).unwrap();
        assert_eq!(channels[1].receive().unwrap(), Value::from(2));
        assert_eq!(queue.receive().unwrap().1.unwrap(), Value::from(2));
        assert_eq!(
            channels[0].receive().unwrap_err(),
            ReceiveError::HasCallback
        );
    });
}
