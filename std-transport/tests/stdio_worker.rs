//! A worker on the standard streams of its process: this same program, with the test below that is one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

use alloc::sync::Arc;
use core::error::Error;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::{env, fs, thread};

use execnet::link::{Link, NoControl};
use execnet::serializer::{Dict, DumpOptions, LoadOptions};
use execnet::{
    Channel, Gateway, GatewayConfig, ReceiveError, Role, SendError, ServeError, Value, Worker,
    value,
};
use execnet_test_support::{LONG, within};

/// The worker: a test of its own, which does nothing unless the tests below start it.
#[test]
fn a_worker_on_standard_streams() -> Result<(), ServeError> {
    if env::var_os("EXECNET_STDIO_WORKER").is_none() {
        return Ok(());
    }
    let mut worker = Worker::new();
    worker
        .register("name", |channel: &Channel| {
            channel.send(channel.gateway().id())
        })
        .register("directory", |channel: &Channel| {
            channel.send(env::current_dir().unwrap().to_str().unwrap())
        })
        .register("niceness", |channel: &Channel| channel.send(niceness()))
        .register("prints", |channel: &Channel| -> Result<(), SendError> {
            io::stdout().write_all(b"printed by a function\n").unwrap();
            io::stdout().flush().unwrap();
            channel.send(())
        })
        .register("deaf", |channel: &Channel| -> Result<(), SendError> {
            channel.send(())?;
            loop {
                thread::park();
            }
        });
    execnet::serve_stdio(worker)
}

fn niceness() -> i32 {
    rustix::process::nice(0).unwrap()
}

/// A worker's process, and a gateway to it.
struct Started {
    child: Child,
    gateway: Gateway,
}

/// Starts the worker with these settings. The error is the text with which it refuses them.
fn start(settings: Value) -> Result<Started, String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["a_worker_on_standard_streams", "--exact", "--nocapture"])
        .env("EXECNET_STDIO_WORKER", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let Value::Dict(mut settings) = settings else {
        panic!("settings are a dict");
    };
    settings.insert("nonce".into(), Value::Bytes(b"nonce".to_vec()));
    let settings = DumpOptions::wire().dumps(&settings).unwrap();
    let size = (settings.len() as u32).to_be_bytes();
    // No program for an interpreter, and the settings.
    stdin
        .write_all(&[b"0\n", &size[..], &settings].concat())
        .unwrap();
    match answer(&mut stdout) {
        Value::Str(text) => {
            assert!(!child.wait().unwrap().success());
            Err(text.into())
        }
        pid => {
            assert_eq!(pid, Value::from(i64::from(child.id())));
            let link = Link::from_std(stdout, stdin, Arc::new(NoControl));
            let config = GatewayConfig::new("gw0", Role::Initiator);
            let gateway = Gateway::new(link, config).unwrap();
            Ok(Started { child, gateway })
        }
    }
}

/// The value after the mark. The output of the test harness comes before it.
fn answer(stdout: &mut ChildStdout) -> Value {
    let mut next = |count: usize| {
        let mut bytes = vec![0; count];
        stdout.read_exact(&mut bytes).unwrap();
        bytes
    };
    let mut seen = Vec::new();
    while !seen.ends_with(b"EXECNET-nonce-") {
        seen.extend(next(1));
    }
    let size = u32::from_be_bytes(next(4).try_into().unwrap());
    LoadOptions::wire().loads(&next(size as usize)).unwrap()
}

impl Started {
    fn call(&self, name: &str) -> Value {
        let channel = self.gateway.remote_exec(name).unwrap();
        channel.receive_timeout(LONG).unwrap().into_value()
    }

    /// Ends the worker, and gives its status and what is on its standard error.
    fn exit(mut self) -> (ExitStatus, String) {
        self.gateway.exit();
        let mut told = String::new();
        let stderr = self.child.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap(), told)
    }
}

#[test]
fn the_settings_of_the_controller_are_obeyed() {
    within("settings", LONG, || {
        let settings = value!({"id": "gw7", "execmodel": "main_thread_only"});
        let worker = start(settings).unwrap();
        assert_eq!(worker.call("name"), Value::from("gw7-worker"));
        let status = worker.gateway.remote_status().unwrap();
        assert_eq!(status.exec_model, "main_thread_only");
        assert!(worker.exit().0.success());

        let worker = start(value!({})).unwrap();
        assert_eq!(worker.call("name"), Value::from("worker"));
        let status = worker.gateway.remote_status().unwrap();
        assert_eq!(status.exec_model, "thread");
        assert!(worker.exit().0.success());
    });
}

#[test]
fn a_worker_takes_the_directory_and_the_priority_it_is_given() {
    within("directory and priority", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        // One level is made.
        let directory = |name: &str| place.join(name).to_str().unwrap().to_owned();
        for _ in 0..2 {
            let settings = value!({"chdir": (directory("new")), "nice": 2});
            let worker = start(settings).unwrap();
            assert_eq!(worker.call("directory"), Value::from(directory("new")));
            let lowest = 19;
            let nicer = (niceness() + 2).min(lowest);
            assert_eq!(worker.call("niceness"), Value::from(nicer));
            assert!(worker.exit().0.success());
        }
        let refusal = start(value!({"chdir": (directory("no/where"))})).err();
        let refusal = refusal.unwrap();
        assert!(refusal.starts_with(&directory("no/where: ")), "{refusal}");
        fs::write(place.join("file"), "").unwrap();
        assert!(start(value!({"chdir": (directory("file"))})).is_err());
        let refusal = start(value!({"env": {"A": "1"}})).err();
        assert!(refusal.unwrap().contains("cannot set variables"));
    });
}

#[test]
fn output_of_functions_does_not_break_the_link() {
    within("output of functions", LONG, || {
        for (settings, is_shown) in [(value!({}), false), (value!({"stdout": "stderr"}), true)] {
            let worker = start(settings).unwrap();
            assert_eq!(worker.call("prints"), Value::None);
            assert_eq!(worker.call("name"), Value::from("worker"));
            let (status, told) = worker.exit();
            assert!(status.success(), "{told}");
            assert_eq!(told.contains("printed by a function\n"), is_shown);
        }
    });
}

#[test]
fn a_worker_whose_function_does_not_return_leaves_without_it() {
    within("a function that does not return", LONG, || {
        let worker = start(value!({"grace": (0.02, 0.02)})).unwrap();
        assert_eq!(worker.call("deaf"), Value::None);
        let (status, told) = worker.exit();
        assert_eq!(status.code(), Some(1), "{told}");
        assert!(told.contains("these functions still run: deaf"), "{told}");
    });
}

/// What stock execnet sends for a spec with `chdir=` or `nice=`, as far as it is recognized.
const STOCK: &str = "import os\npath, nice, env = channel.receive()\n";

#[test]
fn a_worker_takes_the_directory_and_the_priority_of_a_stock_controller() {
    within("a stock controller", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        let directory = |path: &Path| Value::from(path.to_str().unwrap());
        // The priority is that of the thread which takes it: one thread runs all calls.
        let worker = start(value!({"execmodel": "main_thread_only"})).unwrap();
        let take = |item: Value| -> Result<(), Box<dyn Error>> {
            let channel = worker.gateway.remote_exec(STOCK)?;
            channel.send(item)?;
            Ok(channel.wait_close_timeout(LONG)?)
        };
        let none = || Value::Dict(Dict::new());
        let begin = worker.call("niceness").as_i64().unwrap();
        take(Value::from((directory(&place), 0, none()))).unwrap();
        assert_eq!(worker.call("directory"), directory(&place));
        assert_eq!(worker.call("niceness").as_i64(), Some(begin));
        take(Value::from((Value::None, 1, none()))).unwrap();
        assert_eq!(worker.call("directory"), directory(&place));
        let lowest = 19;
        let nicer = (begin + 1).min(lowest);
        assert_eq!(worker.call("niceness").as_i64(), Some(nicer));
        for (item, text) in [
            (value!((None, 0, {"A": "1"})), "python='env A=... PROGRAM'"),
            (value!((None, 0)), "not a directory, a number and a dict"),
            (value!(7), "not a tuple"),
        ] {
            let error = take(item).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        // It is not listed with the functions, and any other source is refused.
        let other = worker.gateway.remote_exec("import os").unwrap();
        let Err(ReceiveError::Remote(error)) = other.receive_timeout(LONG) else {
            panic!("it was run");
        };
        assert!(error.text().contains("registered: 'deaf', 'directory'"));
        assert!(!error.text().contains("chdir"), "{error}");
        assert!(worker.exit().0.success());
    });
}
