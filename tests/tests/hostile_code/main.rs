//! Remote code as tests of programs have it: it replaces attributes that the worker uses, forks, reaps children and
//! closes descriptors of others. Links, tracebacks and the end of the worker are not affected, on each installed
//! Python.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod forks;
mod greenlets;
mod process;
mod replaced;

use std::sync::OnceLock;

use execnet::{Channel, Gateway, Group, Outcome, ReceiveError, Value};
use execnet_test_support::{LONG, Python, environment, pythons, quiet, receive, within};

/// Runs `test` with every interpreter that is here, and with each model of greenlets, in a group of its own each.
fn each_python(test: fn(&Python, &Group)) {
    each_of(pythons().iter().chain(greenlets()), test);
}

/// The same without greenlets: their libraries look names up in modules whenever they run, and break without them.
fn each_python_with_threads(test: fn(&Python, &Group)) {
    each_of(pythons(), test);
}

fn each_of(pythons: impl IntoIterator<Item = &'static Python>, test: fn(&Python, &Group)) {
    for python in pythons {
        within(&format!("Python {}", python.version), 2 * LONG, move || {
            println!("Python {}", python.version);
            test(python, &Group::with_options(quiet()));
        });
    }
}

/// Interpreters that run code in greenlets.
fn greenlets() -> &'static [Python] {
    static GREENLETS: OnceLock<Vec<Python>> = OnceLock::new();
    GREENLETS.get_or_init(|| {
        let path = match within("gevent and eventlet", 10 * LONG, || {
            environment(&["greenlets"])
        }) {
            Ok(path) => path,
            Err(reason) => {
                println!("skipped: hostile code in greenlets: {reason}");
                return Vec::new();
            }
        };
        let models = [
            ("gevent", "//execmodel=gevent"),
            ("eventlet", "//execmodel=eventlet"),
        ];
        let python = |(model, keys): (&str, &'static str)| Python {
            version: model.to_owned(),
            path: path.clone(),
            keys,
        };
        models.map(python).into()
    })
}

fn run(gateway: &Gateway, source: &str) -> Channel {
    gateway.remote_exec(source).unwrap()
}

/// The text of the exception that ended the code.
fn failure(channel: &Channel) -> String {
    match channel.receive_timeout(LONG) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Nothing more comes, and no exception has ended the code.
fn assert_ended(channel: &Channel) {
    let end = channel.receive_timeout(LONG);
    assert!(matches!(end, Err(ReceiveError::Closed)), "{end:?}");
}

/// The worker still runs code, and says what goes wrong there.
fn assert_usable(gateway: &Gateway) {
    let channel = run(gateway, "channel.send(channel.receive())");
    channel.send((1, "x")).unwrap();
    assert_eq!(receive(&channel), Value::from((1, "x")));
    assert_ended(&channel);
    assert_traceback(gateway);
}

fn assert_traceback(gateway: &Gateway) {
    let text = failure(&run(gateway, "def f():\n    1/0\nf()\n"));
    let lines = "Traceback (most recent call last):\n  File \"<remote exec>\", line 3, in <module>\n    f()\n";
    assert!(text.starts_with(lines), "{text}");
    assert!(
        text.contains("File \"<remote exec>\", line 2, in f\n    1/0\n"),
        "{text}"
    );
    assert!(text.contains("\nZeroDivisionError: "), "{text}");
    assert!(!text.contains("execnet worker"), "{text}");
}

/// The worker leaves by itself, with status 0.
fn assert_leaves(group: &Group) {
    let reports = group.terminate_timeout(LONG);
    assert!(!reports.is_empty());
    for report in reports {
        assert!(
            matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
            "{report:?}"
        );
    }
}
