//! Several channels as one.

use alloc::collections::BTreeSet;

use execnet::{Group, MultiChannel, Value};
use execnet_test_support::{LONG, quiet, within};

/// Runs a test with a channel to each of two workers that run this.
fn two(source: &'static str, test: fn(MultiChannel)) {
    within("two workers", LONG, move || {
        let group = Group::with_options(quiet());
        let gateways = [(); 2].map(|()| group.make_gateway("popen").unwrap());
        let channels = gateways.map(|gateway| gateway.remote_exec(source).unwrap());
        test(channels.into_iter().collect());
    });
}

#[test]
fn test_multichannel_container_basics() {
    two("channel.receive()", |channels| {
        assert_eq!((channels.len(), channels.iter().count()), (2, 2));
        for (index, channel) in channels.iter().enumerate() {
            assert_eq!(&channels[index], channel);
            assert!(channels.contains(channel));
        }
        let other = channels[0].gateway().new_channel().unwrap();
        assert!(!channels.contains(&other));
    });
}

#[test]
fn test_multichannel_receive_each() {
    two("channel.send(1); channel.send(2)", |channels| {
        let ones: Result<Vec<_>, _> = channels.receive_each().into_iter().collect();
        assert_eq!(ones.unwrap(), [1, 1].map(Value::from));
        let twos = channels.receive_each_with_channel();
        assert_eq!(twos.len(), 2);
        for ((channel, item), member) in twos.iter().zip(&channels) {
            assert_eq!(
                (channel, &**item.as_ref().unwrap()),
                (member, &Value::from(2))
            );
        }
    });
}

#[test]
fn test_multichannel_send_each() {
    two("channel.send(channel.receive() + 1)", |channels| {
        channels.send_each(41).unwrap();
        let answers: Result<Vec<_>, _> = channels.receive_each().into_iter().collect();
        assert_eq!(answers.unwrap(), [42, 42].map(Value::from));
    });
}

#[test]
fn test_multichannel_receive_queue_for_two_subprocesses() {
    two("import os; channel.send(os.getpid())", |channels| {
        let queue = channels.make_receive_queue().unwrap();
        let [first, second] = [(); 2].map(|()| queue.receive_timeout(LONG).unwrap());
        assert_ne!(first.0, second.0);
        assert_ne!(first.0.gateway(), second.0.gateway());
        assert_ne!(first.1.unwrap(), second.1.unwrap());
        channels.wait_close_timeout(LONG).unwrap();
    });
}

/// A queue with end markers says of each channel when it has ended: also where its worker was sent away.
#[test]
fn test_multi_receive_queue_with_endmarkers() {
    two("channel.send(1); channel.receive()", |channels| {
        let queue = channels.make_receive_queue_with_end_markers().unwrap();
        for channel in &channels {
            channel.gateway().exit();
        }
        let (mut items, mut ended) = (0, BTreeSet::new());
        for (channel, item) in queue {
            match item {
                Some(item) => items += item.as_i64().unwrap(),
                None => assert!(ended.insert(channel.gateway().id().to_owned())),
            }
        }
        assert_eq!((items, ended.len()), (2, 2));
    });
}

#[test]
fn test_multichannel_waitclose() {
    two("channel.receive()", |channels| {
        let early = channels.wait_close_timeout(core::time::Duration::from_millis(20));
        let early: Vec<_> = early.unwrap_err().into_iter().collect();
        assert_eq!(early.len(), 2, "{early:?}");
        for error in early {
            assert!(error.error.is_timeout(), "{error}");
        }
        channels.send_each(()).unwrap();
        channels.wait_close_timeout(LONG).unwrap();
        assert!(channels.iter().all(execnet::Channel::is_closed));
    });
}
