//! Items and arguments as Rust types.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::collections::BTreeMap;
use core::fmt::Debug;

use execnet_core_sync::frame::MessageCode::{ChannelCloseError, ChannelData};
use execnet_core_sync::testing::{PIPE_CAPACITY, linked, within};
use execnet_core_sync::worker::Kwargs;
use execnet_core_sync::{
    Channel, Gateway, GatewayConfig, ItemError, ReceiveError, Role, SendError, Worker,
};
use execnet_serializer::typed::Serde;
use execnet_serializer::{ChannelId, Dict, DumpOptions, Value, to_value, value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use support::{LIMIT, SOON, eventually, exec, expect, with_gateway};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Disk {
    path: String,
    free: u64,
}

fn root() -> Disk {
    Disk {
        path: "/".to_owned(),
        free: 1 << 40,
    }
}

fn type_error<T: Debug>(result: Result<T, ReceiveError>) -> String {
    match result {
        Err(ReceiveError::Item(ItemError::Type(error))) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_type_goes_out_as_the_value_it_is_to_python() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.send_as(&[root()]).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        let value = value!([{"path": "/", "free": (1i64 << 40)}]);
        assert_eq!(
            frame.payload,
            DumpOptions::wire()
                .dumps(&to_value(&[root()]).unwrap())
                .unwrap()
        );
        assert_eq!(to_value(&vec![root()]).unwrap(), value);
    });
}

#[test]
fn an_item_is_read_as_a_type() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), Serde(vec![root()])).unwrap();
        assert_eq!(channel.receive_as::<Vec<Disk>>().unwrap(), [root()]);
        let nothing = channel.receive_as_timeout::<Disk>(core::time::Duration::ZERO);
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
    });
}

#[test]
fn an_item_of_another_type_is_an_error_with_the_path_and_is_skipped() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let bad = value!([{"path": "/", "free": "much"}]);
        peer.send(channel.id(), &bad).unwrap();
        peer.send(channel.id(), 7).unwrap();
        let error = type_error(channel.receive_as_timeout::<Vec<Disk>>(SOON));
        assert!(error.starts_with("[0].free: "), "{error}");
        assert!(error.contains("expected u64"), "{error}");
        assert_eq!(channel.receive_as::<u8>().unwrap(), 7);
    });
}

#[test]
fn what_cannot_be_said_is_an_error_with_the_path_and_nothing_is_sent() {
    #[derive(Serialize)]
    struct Bad {
        inner: Vec<Unsayable>,
    }
    struct Unsayable;
    impl Serialize for Unsayable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("unsayable"))
        }
    }
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let error = channel
            .send_as(&Bad {
                inner: vec![Unsayable],
            })
            .unwrap_err();
        assert!(matches!(error, SendError::Encode(_)), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(".inner[0]"), "{text}");
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
    });
}

#[test]
fn channels_in_a_typed_item_live_if_they_are_wanted() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let item = vec![ChannelId(4), ChannelId(2)];
        peer.send(channel.id(), &item).unwrap();
        let (ids, channels) = channel
            .receive_as_with_channels::<Vec<ChannelId>>()
            .unwrap();
        assert_eq!(ids, item);
        let live: Vec<_> = channels.iter().map(Channel::id).collect();
        assert_eq!(live, [ChannelId(2), ChannelId(4)]);
        channels[0].send(1).unwrap();
        expect(&mut peer, ChannelData, ChannelId(2));
    });
}

#[test]
fn iterating_ends_with_the_channel_and_goes_on_after_an_item_of_another_type() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for item in [value!(1), value!("two"), value!(3)] {
            peer.send(channel.id(), &item).unwrap();
        }
        peer.write(
            execnet_core_sync::frame::MessageCode::ChannelClose,
            channel.id(),
            b"",
        )
        .unwrap();
        let items: Vec<_> = channel.iter_as::<u8>().map(Result::ok).collect();
        assert_eq!(items, [Some(1), None, Some(3)]);
    });
}

#[test]
fn postcard_items_are_bytes_on_the_wire() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer).postcard::<Disk, (u8, String)>();
        assert_eq!(
            format!("{channel:?}"),
            "PostcardChannel(<Channel id=1 open>)"
        );
        channel.send(&root()).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.channel().id());
        let bytes = postcard::to_allocvec(&root()).unwrap();
        assert_eq!(
            frame.payload,
            DumpOptions::wire().dumps(&Value::Bytes(bytes)).unwrap()
        );
        let answer = postcard::to_allocvec(&(7u8, "seven")).unwrap();
        peer.send(channel.channel().id(), Value::Bytes(answer))
            .unwrap();
        assert_eq!(
            channel.receive_timeout(SOON).unwrap(),
            (7, "seven".to_owned())
        );
    });
}

#[test]
fn what_is_no_postcard_item_is_an_error_that_says_so() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer).postcard::<(), u8>();
        for (item, expected) in [
            (value!(1), "must be bytes"),
            (Value::Bytes(vec![]), "0 bytes of postcard are not a u8"),
            (Value::Bytes(vec![1, 2]), "2 bytes of postcard are not a u8"),
        ] {
            peer.send(channel.channel().id(), &item).unwrap();
            let error = type_error(channel.receive_timeout(SOON));
            assert!(error.contains(expected), "{error}");
        }
        peer.send(channel.channel().id(), Value::Bytes(vec![9]))
            .unwrap();
        assert_eq!(channel.receive_timeout(SOON).unwrap(), 9);
    });
}

fn serving(worker: Worker, body: impl FnOnce(Gateway) + Send + 'static) {
    within(LIMIT, move || {
        let (near, far) = linked(PIPE_CAPACITY);
        let served = std::thread::spawn(move || worker.serve(far));
        let gateway = Gateway::new(near, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        body(gateway.clone());
        gateway.exit();
        served.join().unwrap().unwrap();
    });
}

fn kwargs(pairs: &[(&str, Value)]) -> Dict {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (Value::from(*name), value.clone()));
    pairs.collect()
}

/// What a function with an argument of this type makes of these keyword arguments.
fn given<T: DeserializeOwned + Serialize + 'static>(
    arguments: &[(&str, Value)],
) -> Result<Value, String> {
    let mut worker = Worker::new();
    worker.register("give", |channel: &Channel, argument: T| {
        channel.send_as(&argument)
    });
    let (arguments, (done, result)) = (kwargs(arguments), std::sync::mpsc::channel());
    serving(worker, move |gateway| {
        let channel = gateway
            .remote_exec_function("", "give", &arguments)
            .unwrap();
        done.send(match channel.receive_timeout(SOON) {
            Ok(item) => Ok(item.into_value()),
            Err(ReceiveError::Remote(error)) => Err(error.text().to_owned()),
            Err(other) => panic!("{other:?}"),
        })
        .unwrap();
    });
    result.recv().unwrap()
}

#[test]
fn arguments_are_taken_by_name_or_alone() {
    let disk = [("path", value!("/")), ("free", value!(5))];
    assert_eq!(
        given::<Disk>(&disk).unwrap(),
        value!({"path": "/", "free": 5})
    );
    let all = given::<BTreeMap<String, Value>>(&disk).unwrap();
    assert_eq!(all, value!({"path": "/", "free": 5}));
    assert_eq!(given::<u32>(&[("n", value!(7))]).unwrap(), value!(7));
    assert_eq!(
        given::<Vec<u8>>(&[("n", value!([1, 2]))]).unwrap(),
        value!([1, 2])
    );
    assert_eq!(given::<String>(&[("n", value!("x"))]).unwrap(), value!("x"));
    assert_eq!(given::<Option<u8>>(&[]).unwrap(), Value::None);
    assert_eq!(
        given::<Option<u8>>(&[("n", Value::None)]).unwrap(),
        Value::None
    );
    assert_eq!(given::<Option<u8>>(&[("n", value!(1))]).unwrap(), value!(1));
    assert_eq!(given::<()>(&[]).unwrap(), Value::None);
}

#[test]
fn a_call_takes_its_keyword_arguments_from_a_struct_or_a_map() {
    let mut worker = Worker::new();
    worker.register("disk", |channel: &Channel, disk: Disk| {
        channel.send_as(&disk)
    });
    serving(worker, |gateway| {
        let disk = Disk {
            path: "/".into(),
            free: 5,
        };
        let channel = gateway.remote_exec_function_as("", "disk", &disk).unwrap();
        assert_eq!(channel.receive_as::<Disk>().unwrap(), disk);
        let map = BTreeMap::from([("path", value!("/")), ("free", value!(6))]);
        let channel = gateway.remote_exec_function_as("", "disk", &map).unwrap();
        assert_eq!(channel.receive_as::<Disk>().unwrap().free, 6);
        let unnamed = gateway.remote_exec_function_as("", "disk", &7).unwrap_err();
        assert!(matches!(unnamed, SendError::Type(_)), "{unnamed:?}");
        assert_eq!(
            unnamed.to_string(),
            "keyword arguments must be a struct or a map"
        );
        let numbers = BTreeMap::from([(1, 2)]);
        let unnamed = gateway.remote_exec_function_as("", "disk", &numbers);
        let unnamed = unnamed.unwrap_err();
        assert!(matches!(unnamed, SendError::Type(_)), "{unnamed:?}");
        assert_eq!(
            unnamed.to_string(),
            "the name of a keyword argument is not a string"
        );
    });
}

#[test]
fn wrong_arguments_are_told_with_the_path() {
    let wrong = |text: &str| Err(format!("wrong arguments for function 'give': {text}"));
    assert_eq!(given::<u32>(&[]), wrong("it takes one argument, and got 0"));
    let two = [("a", value!(1)), ("b", value!(2))];
    assert_eq!(
        given::<u32>(&two),
        wrong("it takes one argument, and got 2")
    );
    assert_eq!(given::<()>(&two), wrong("it takes no arguments, and got 2"));
    assert_eq!(
        given::<Disk>(&[("path", value!("/"))]),
        wrong("missing field `free`")
    );
    let bad = [("path", value!("/")), ("free", value!(-1))];
    let error = given::<Disk>(&bad).unwrap_err();
    assert!(error.contains(".free: "), "{error}");
}

#[test]
fn the_three_shapes_of_functions_are_told_apart() {
    let mut worker = Worker::new();
    worker
        .register("none", |channel: &Channel| channel.send("none"))
        .register("any", |channel: &Channel, kwargs: Kwargs| {
            channel.send(kwargs.into_dict())
        })
        .register("typed", |channel: &Channel, n: u32| channel.send(n + 1));
    serving(worker, |gateway| {
        let n = kwargs(&[("n", value!(1))]);
        let call = |name, kwargs: &Dict| {
            let channel = gateway.remote_exec_function("", name, kwargs).unwrap();
            channel.receive_timeout(SOON).unwrap().into_value()
        };
        assert_eq!(call("none", &Dict::new()), value!("none"));
        assert_eq!(call("any", &n), Value::Dict(n.clone()));
        assert_eq!(call("typed", &n), value!(2));
    });
}

#[test]
fn items_of_a_queue_are_read_as_a_type() {
    with_gateway(|gateway, mut peer| {
        let channels = [(); 2].map(|()| exec(&gateway, &mut peer));
        let [one, other] = channels.clone();
        let queue = execnet_core_sync::MultiChannel::new(channels.to_vec());
        let queue = queue
            .make_receive_queue_as_with_end_markers::<(u8, String)>()
            .unwrap();
        peer.send(one.id(), (1, "a")).unwrap();
        let (channel, item) = queue.receive_timeout(SOON).unwrap();
        assert_eq!((channel, item), (one, Some((1, "a".into()))));
        // What is no such pair closes its channel, and that alone.
        peer.send(other.id(), (2, 3)).unwrap();
        expect(&mut peer, ChannelCloseError, other.id());
        let (channel, item) = queue.receive_timeout(SOON).unwrap();
        assert_eq!((channel, item), (other.clone(), None));
        eventually("it is told", || other.callback_error().is_some());
        let text = other.callback_error().unwrap().to_string();
        assert!(text.contains("[1]"), "{text}");
        peer.send(channels[0].id(), (4, "b")).unwrap();
        assert_eq!(
            queue.receive_timeout(SOON).unwrap().1,
            Some((4, "b".into()))
        );
    });
}
