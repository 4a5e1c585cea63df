//! The example of a worker in Rust, under stock execnet and under our controller.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use execnet::serializer::Dict;
use execnet::{Group, Outcome, ReceiveError, Value};

use execnet_test_support::{LONG, RELEASES};

const WORKER: &str = env!("CARGO_BIN_EXE_rust-worker");

/// Waits for a process for so long at most, then kills it.
fn finish(mut child: Child) -> Output {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > LONG {
            child.kill().unwrap();
            panic!("not done within {LONG:?}: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

fn stock(script: &str) -> Option<String> {
    let python = RELEASES[0].python()?;
    // execnet reads the source of functions from the file that they stand in.
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("caller.py");
    fs::write(&path, script).unwrap();
    let child = Command::new(python)
        .arg(&path)
        .arg(WORKER)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let output = finish(child.unwrap());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn stock_execnet_calls_the_example() {
    let Some(printed) = stock(include_str!("../../std-transport/examples/worker.py")) else {
        return;
    };
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines[0], "fib(90) = 2880067194370816120");
    assert_eq!(
        lines[1..4],
        [
            "1.5 squared is 2.25",
            "2 squared is 4.0",
            "-3 squared is 9.0"
        ]
    );
    assert!(
        lines[4].starts_with("refused: this worker is a Rust program"),
        "{printed}"
    );
    assert!(
        lines[4].contains("registered: 'fib', 'pid', 'squares'"),
        "{printed}"
    );
}

#[test]
fn stock_execnet_sees_status_models_errors_and_the_end() {
    let script = r#"
import execnet, os, sys
def fib(channel, n): pass
group = execnet.Group()
group.set_execmodel("thread", "main_thread_only")
gw = group.makegateway("popen//id=rust//python=" + sys.argv[1])
first = gw.remote_exec("squares")
second = gw.remote_exec("squares")
try:
    second.receive(10)
except execnet.RemoteError as e:
    print(e)
status = gw.remote_status()
print(status.execmodel, status.numexecuting)
first.close()
for args in {"n": "x"}, {"n": 1000}:
    try:
        gw.remote_exec(fib, **args).receive(10)
    except execnet.RemoteError as e:
        print(e)
done = gw.remote_exec(fib, n=10)
print(done.receive(10))
done.waitclose(10)
pid = gw.remote_exec("pid").receive(10)
process = gw._io.popen
group.terminate(10)
# It left by itself: execnet would have killed it at the end of the time.
print(process.wait())
try:
    os.kill(pid, 0)
except OSError:
    print("gone")
"#;
    let Some(printed) = stock(script) else {
        return;
    };
    let expected = "concurrent remote_exec would cause deadlock for main_thread_only execmodel
main_thread_only 1
wrong arguments for function 'fib': invalid type: string \"x\", expected u32
function 'fib' failed: the result is beyond 64 bits
55
0
gone
";
    assert_eq!(printed, expected);
}

#[test]
fn our_controller_calls_the_example() {
    // With `python=` the program for an interpreter comes first, and is read over.
    for key in ["worker", "python"] {
        serves_our_controller(&format!("popen//{key}='{}'", WORKER));
    }
}

fn serves_our_controller(spec: &str) {
    let group = Group::new();
    let gateway = group.make_gateway(spec).unwrap();
    let kwargs: Dict = [(Value::from("n"), Value::from(10))].into_iter().collect();
    let channel = gateway.remote_exec_function("", "fib", &kwargs).unwrap();
    assert_eq!(channel.receive_timeout(LONG).unwrap(), Value::from(55));
    channel.wait_close_timeout(LONG).unwrap();
    let channel = gateway.remote_exec("squares").unwrap();
    channel.send("text").unwrap();
    let error = channel.receive_timeout(LONG).unwrap_err();
    assert!(
        matches!(&error, ReceiveError::Remote(error) if error.text().starts_with("function 'squares' failed: the item has another type: ")),
        "{error:?}"
    );
    let report = group.terminate_timeout(LONG);
    let [member] = report.as_slice() else {
        panic!("{report:?}")
    };
    assert!(
        matches!(member.outcome, Outcome::Exited(exit) if exit.code() == Some(0)),
        "{member:?}"
    );
}

fn started(input: &[u8]) -> Child {
    let mut child = Command::new(WORKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(input).unwrap();
    child
}

#[test]
fn a_worker_whose_controller_closes_before_the_first_frame_ends() {
    let mut child = started(b"'source'\n");
    let mut answer = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut answer)
        .unwrap();
    assert_eq!(answer, *b"1");
    drop(child.stdin.take());
    let output = finish(child);
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn a_worker_that_no_controller_started_prints_how_to_start_it() {
    let output = finish(started(b"what is this\n"));
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("to be started by one"), "{told}");
    assert!(output.stdout.is_empty());
}
