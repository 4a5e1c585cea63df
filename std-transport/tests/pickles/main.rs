//! Items with structure travel as pickles between a controller and a CPython worker, and nobody sees a difference.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use execnet::serializer::{DumpOptions, Value};
use execnet::{Channel, Gateway, ItemError, ReceiveError};
use execnet_test_support::{LONG, Python, amount, environment, group, pythons, receive, within};

const VALUES: &str = include_str!("values.py");

/// The two gateways to each Python 3, with pickles and without.
fn both_ways(test: fn(&Python, [&Gateway; 2])) {
    both_ways_with(pythons(), test);
}

fn both_ways_with(pythons: &'static [Python], test: fn(&Python, [&Gateway; 2])) {
    for python in pythons.iter().filter(|python| !python.is_2()) {
        let time = LONG * amount("EXECNET_STRESS_PICKLES", 0).div_ceil(100).max(1);
        within(&format!("Python {}", python.version), time, move || {
            println!("Python {}", python.version);
            let group = group();
            // So that sets have one order in both.
            let spec = python.spec() + "//env:PYTHONHASHSEED=0";
            let with = group.make_gateway(&spec).unwrap();
            let without = group.make_gateway(spec + "//pickle=no").unwrap();
            test(python, [&with, &without]);
        });
    }
}

fn can(python: &Python) -> bool {
    let slower = ["3.6", "3.7"].contains(&python.version.as_str());
    !slower && python.version != "PyPy"
}

fn next(channel: &Channel) -> Value {
    receive(channel)
}

fn bytes(value: &Value) -> Vec<u8> {
    DumpOptions::wire().dumps(value).unwrap()
}

#[test]
fn a_worker_sends_the_same_or_refuses_it_alike() {
    both_ways(sends_the_same_or_refuses_it_alike);
}

#[test]
fn a_worker_with_numpy_sends_the_same_or_refuses_it_alike() {
    match environment(&["numpy"]) {
        Ok(path) => {
            let version = "3 with numpy".to_owned();
            let python = Box::leak(Box::new([Python {
                version,
                path,
                keys: "",
            }]));
            both_ways_with(python, sends_the_same_or_refuses_it_alike);
        }
        Err(reason) => println!("skipped: items with values of numpy: {reason}"),
    }
}

fn sends_the_same_or_refuses_it_alike(python: &Python, gateways: [&Gateway; 2]) {
    if !can(python) {
        return;
    }
    let channels = gateways.map(|gateway| gateway.remote_exec(VALUES).unwrap());
    let (seed, count) = (1000, amount("EXECNET_STRESS_PICKLES", 100));
    for channel in &channels {
        channel.send((seed, count)).unwrap();
    }
    let mut refused = 0;
    for number in 0..count {
        let [with, without] = channels.each_ref().map(next);
        // As bytes: also NaN, and the order of dicts, and the kind of each number.
        assert!(
            bytes(&with) == bytes(&without),
            "seed {}: {with:.1000} and {without:.1000}",
            seed + number
        );
        refused += u32::from(with.as_str().is_some());
    }
    println!("{refused} of {count} refused");
    assert!(refused > count / 20 && refused < count / 2, "{refused}");
}

#[test]
fn a_worker_gets_the_same() {
    both_ways(|python, gateways| {
        if !can(python) {
            return;
        }
        // Random ints may have more digits than newer Pythons convert.
        let echo = "
            import sys
            getattr(sys, 'set_int_max_str_digits', int)(0)
            for item in channel:
                channel.send([repr(item)])
                channel.send(item)
        ";
        let echoes = gateways.map(|gateway| gateway.remote_exec(echo).unwrap());
        // Both workers have imported what they need before the values import modules too.
        for echo in &echoes {
            echo.send([0; 10]).unwrap();
            next(echo);
            next(echo);
        }
        let make = gateways[1].remote_exec(VALUES).unwrap();
        let count = amount("EXECNET_STRESS_PICKLES", 50);
        make.send((5000, count)).unwrap();
        for number in 0..count {
            let value = receive(&make);
            for echo in &echoes {
                echo.send(&value).unwrap();
            }
            let [with, without] = echoes.each_ref().map(|echo| (next(echo), next(echo)));
            assert_eq!(with.0, without.0, "seed {}", 5000 + number);
            assert!(
                bytes(&with.1) == bytes(&without.1),
                "seed {}: {} and {}",
                5000 + number,
                with.1,
                without.1
            );
        }
    });
}

#[test]
fn pickles_are_used_where_both_ends_can() {
    both_ways(|python, gateways| {
        // The worker answers with the first byte that it reads and writes.
        let code = "
worker = channel.gateway
kind = type(worker)
read, written = [], []
on_data, put = kind._on_data, kind._put

def note(self, channel_id, data):
    read.append(data[:1])
    on_data(self, channel_id, data)

names = on_data.__globals__
names['HANDLERS'][4] = note
kind._put = lambda self, data: written.append(data[9:10]) or put(self, data)
channel.send(1)
item = channel.receive()
channel.send(item)
channel.send([read[-1], written[-1]])
";
        let rows: Vec<Vec<i32>> = vec![(0..100).collect(); 3];
        let used = gateways.map(|gateway| {
            let channel = gateway.remote_exec(code).unwrap();
            receive(&channel);
            channel.send(&rows).unwrap();
            assert_eq!(receive(&channel), Value::from(rows.clone()));
            receive(&channel) == Value::from(vec![Value::Bytes(vec![0x80]); 2])
        });
        assert_eq!(used, [can(python), false], "{}", python.version);
    });
}

#[test]
fn string_settings_hold_in_pickles() {
    both_ways(|_, gateways| {
        for gateway in gateways {
            let channel = gateway
                .remote_exec("channel.reconfigure(True, True)\nchannel.send(1)\nchannel.send(repr(channel.receive()))")
                .unwrap();
            receive(&channel);
            let item = vec![("key".to_owned(), vec!["text"; 100]); 3];
            channel.send(&item).unwrap();
            // Here as well they are bytes.
            let Value::Bytes(text) = receive(&channel) else {
                panic!("the setting has no effect");
            };
            let text = String::from_utf8(text).unwrap();
            assert!(
                text.contains("b'key'") && !text.contains(" 'text'"),
                "{text}"
            );
        }
    });
}

#[test]
fn pickles_that_no_worker_writes_are_refused() {
    both_ways(|python, [gateway, _]| {
        // Names, calls, references, and a pickle that ends early.
        for (pickle, error) in [
            (
                "b'cos\\nsystem\\n.'",
                "byte 2 of the pickle: 0x63 is not an operation of plain values",
            ),
            (
                "b']\\x94h\\x00.'",
                "byte 3 of the pickle: 0x94 is not an operation of plain values",
            ),
            ("b'X'", "the pickle ends within the operation at byte 2"),
        ] {
            let code = format!(
                "import struct\nworker = channel.gateway\nitem = b'\\x80\\x04' + {pickle} + b'Q'\n\
                 worker._put(struct.pack('>bii', 4, channel.id, len(item)) + item)\nchannel.send(2)"
            );
            let channel = gateway.remote_exec(&code).unwrap();
            let pickles = can(python);
            match channel.receive_timeout(LONG) {
                Err(ReceiveError::Item(ItemError::Pickle(found))) if pickles => {
                    assert_eq!(found.to_string(), error);
                }
                Err(ReceiveError::Item(ItemError::Load(_))) if !pickles => {}
                other => panic!("{other:?}"),
            }
            assert_eq!(receive(&channel), Value::from(2));
        }
    });
}
