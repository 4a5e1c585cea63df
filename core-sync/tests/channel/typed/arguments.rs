//! Keyword arguments of Rust functions as Rust types.

use alloc::collections::BTreeMap;

use execnet_core_sync::testing::{PIPE_CAPACITY, linked, within};
use execnet_core_sync::worker::Kwargs;
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role, SendError, Worker};
use execnet_serializer::{Dict, Value, value};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Disk;
use crate::support::{LIMIT, SOON};

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
fn wrong_arguments_are_an_error_with_the_path() {
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
fn functions_take_no_arguments_raw_arguments_or_typed_arguments() {
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
