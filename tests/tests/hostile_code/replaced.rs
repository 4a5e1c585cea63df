//! Attributes of modules and builtins that remote code replaces.

use std::path::PathBuf;
use std::process::Command;

use execnet::{Gateway, Group, Value, value};

use super::{
    assert_ended, assert_leaves, assert_traceback, assert_usable, each_python_with_threads,
    failure, run,
};
use execnet_test_support::{LONG, Python, eventually, pythons, receive};

/// Files of the worker's program, and directories of them.
const SOURCES: [&str; 5] = [
    "worker",
    "worker/lazy",
    "credit.py",
    "greenlets.py",
    "socket.py",
];

const REPLACE: &str = include_str!("replace.py");

/// What a replaced function does: returns 1, returns None, raises.
const WAYS: [&str; 3] = ["one", "nothing", "fail"];

/// All that the worker's program mentions of modules and builtins, found in its source.
fn names() -> Vec<(String, String)> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let sources = SOURCES.map(|name| here.join("../std-transport/src/python").join(name));
    let output = Command::new("python3")
        .arg(here.join("tests/hostile_code/names.py"))
        .args(sources)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.lines().map(|line| line.split_once(' ').unwrap());
    pairs
        .map(|(module, name)| (module.to_owned(), name.to_owned()))
        .collect()
}

fn start(python: &Python, group: &Group) -> Gateway {
    let gateway = group.make_gateway(python.spec()).unwrap();
    assert_ended(&run(&gateway, REPLACE));
    gateway
}

/// Tuples, as Python writes them.
fn list(names: &[(String, String)]) -> String {
    names
        .iter()
        .map(|(module, name)| format!("({module:?}, {name:?}), "))
        .collect()
}

#[test]
fn the_names_that_matter_are_found() {
    let names = names();
    for (module, name) in [
        ("os", "write"),
        ("os", "_exit"),
        ("time", "sleep"),
        ("time", "monotonic"),
        ("_thread", "allocate_lock"),
        ("signal", "signal"),
        ("struct", "Struct"),
        ("builtins", "len"),
        ("builtins", "__import__"),
        ("builtins", "__build_class__"),
    ] {
        assert!(
            names.contains(&(module.to_owned(), name.to_owned())),
            "{module}.{name}"
        );
    }
}

#[test]
fn a_worker_runs_and_ends_while_all_names_that_it_uses_are_replaced() {
    each_python_with_threads(|python, group| {
        let replace = format!(
            "names = [{}]\nfor module, name in names: replace(module, name, ",
            list(&names())
        );
        for way in WAYS {
            println!("{way}");
            let gateway = start(python, group);
            assert_ended(&run(&gateway, &format!("{replace}{way:?})")));
            assert_everything_works(python, &gateway);
            gateway.exit();
            assert!(gateway.join_timeout(LONG), "{way}");
        }
        assert_leaves(group);
    });
}

/// All kinds of frames, and what the second part of the worker's program is for.
fn assert_everything_works(python: &Python, gateway: &Gateway) {
    let echo = run(gateway, "for item in channel: channel.send(item)");
    let bytes = Value::Bytes(if python.is_2() {
        Vec::new()
    } else {
        b"\xff".to_vec()
    });
    let huge = Value::Int("9".repeat(700).parse().unwrap());
    let values = [
        value!([1, None, (true, 2.5)]),
        value!({"a": {"b": [-1]}}),
        Value::Set([1, 2].into_iter().map(Value::from).collect()),
        huge,
        "t\u{e9}".into(),
    ];
    for value in values {
        echo.send(&value).unwrap();
        assert_eq!(receive(&echo), value);
    }
    if !python.is_2() {
        echo.send(&bytes).unwrap();
        assert_eq!(receive(&echo), bytes);
    }
    // While that code runs, in a thread beside it.
    assert_usable(gateway);
    eventually("one is left", LONG, || {
        gateway.remote_status_timeout(LONG).unwrap().num_executing == 1
    });
    for turn in 0..50 {
        echo.send(turn).unwrap();
        assert_eq!(receive(&echo), Value::from(turn));
    }
    echo.close();
    assert_errors(gateway);
    assert_waits(gateway);
}

fn assert_errors(gateway: &Gateway) {
    assert_traceback(gateway);
    let text = failure(&run(gateway, "x = = 1"));
    assert!(
        text.contains("x = = 1\n") && text.ends_with("SyntaxError: invalid syntax\n"),
        "{text}"
    );
    let text = failure(&run(gateway, "channel.send([{'k': channel.send}])"));
    assert!(
        text.contains("can't serialize <") && text.ends_with("(at item[0]['k'])\n"),
        "{text}"
    );
}

fn assert_waits(gateway: &Gateway) {
    let late = run(
        gateway,
        "try: channel.receive(0.01)\nexcept channel.TimeoutError: channel.send(1)",
    );
    assert_eq!(receive(&late), Value::from(1));
    assert_ended(&late);
    let source = "
        inner = channel.receive()
        got = []
        inner.setcallback(got.append, 'end')
        inner.waitclose()
        channel.send(got)
    ";
    let (outer, inner) = (run(gateway, source), gateway.new_channel().unwrap());
    outer.send(&inner).unwrap();
    inner.send(7).unwrap();
    inner.close();
    assert_eq!(receive(&outer), value!([7, "end"]));
    assert_ended(&outer);
    let file = run(
        gateway,
        "f = channel.makefile('r'); channel.send([f.readline(), f.read(2)])",
    );
    file.send("a\nbc").unwrap();
    assert_eq!(receive(&file), value!(["a\n", "bc"]));
    assert_ended(&file);
}

#[test]
fn a_worker_runs_while_any_single_name_is_replaced() {
    each_python_with_threads(|python, group| {
        let gateway = start(python, group);
        for (module, name) in names() {
            for way in [WAYS[0], WAYS[2]] {
                let source = format!("replace({module:?}, {name:?}, {way:?})\nchannel.send([1.5])");
                let channel = run(&gateway, &source);
                assert_eq!(receive(&channel), value!([1.5]), "{module}.{name}: {way}");
                assert_ended(&channel);
                assert_usable(&gateway);
                assert_ended(&run(&gateway, "restore()"));
            }
        }
        assert_leaves(group);
    });
}

/// As with `monkeypatch.setattr(os, "write", ...)` of pytest, in a test that fails.
#[test]
fn reports_of_a_test_arrive_while_its_patches_are_active() {
    let python = pythons().last().unwrap();
    let group = Group::with_options(super::quiet());
    let gateway = group.make_gateway(python.spec()).unwrap();
    let channel = run(
        &gateway,
        "import os\nos.write = lambda descriptor, data: len(data)\nchannel.send('failed')\nassert 0",
    );
    assert_eq!(receive(&channel), Value::from("failed"));
    assert!(failure(&channel).ends_with("AssertionError\n"));
}
