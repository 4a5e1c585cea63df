//! The example worker under the controllers there are: stock Python execnet, and ours.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

#[allow(
    clippy::disallowed_types,
    reason = "the support for tests has no locks of its own"
)]
#[path = "support/stock.rs"]
mod stock;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use execnet::serializer::Dict;
use execnet::{Group, Outcome, ReceiveError, Value};

use stock::stock_python;

const LONG: Duration = Duration::from_secs(20);

/// The example, which cargo builds with all tests, but not with chosen ones.
fn worker() -> PathBuf {
    static WORKER: LazyLock<PathBuf> = LazyLock::new(|| {
        let program = std::env::current_exe().unwrap();
        let profile = program.ancestors().nth(2).unwrap();
        let worker = profile.join("examples/worker");
        if !worker.exists() {
            build("worker", profile);
        }
        worker
    });
    WORKER.clone()
}

/// Builds an example into the directory that the tests were built into.
fn build(example: &str, profile: &Path) {
    let target = profile.parent().unwrap();
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--locked",
            "--package",
            "execnet",
            "--all-features",
        ])
        .args(["--example", example, "--target-dir"])
        .arg(target)
        .args(profile.ends_with("release").then_some("--release"))
        .status();
    assert!(
        built.unwrap().success(),
        "the example {example} is not built"
    );
}

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
    // Tests run beside one another in this process: each has a file of its own.
    static CALLERS: AtomicUsize = AtomicUsize::new(0);
    let python = stock_python()?;
    let caller = CALLERS.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("stock-caller-{}-{caller}.py", std::process::id()));
    fs::write(&path, script).unwrap();
    let child = Command::new(python)
        .arg(&path)
        .arg(worker())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let output = finish(child.unwrap());
    fs::remove_file(&path).unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn stock_execnet_calls_the_example() {
    let Some(printed) = stock(include_str!("../examples/worker.py")) else {
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
import execnet, os, sys, time
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
begin = time.time()
group.terminate(10)
print(time.time() - begin < 5)
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
True
gone
";
    assert_eq!(printed, expected);
}

#[test]
fn ours_calls_the_example() {
    // With `python=` the program for an interpreter comes first, and is read over.
    for key in ["worker", "python"] {
        serves_our_controller(&format!("popen//{key}='{}'", worker().display()));
    }
}

fn serves_our_controller(spec: &str) {
    let group = Group::new();
    let gateway = group.makegateway(spec).unwrap();
    let kwargs: Dict = [(Value::from("n"), Value::from(10))].into_iter().collect();
    let channel = gateway.remote_exec_function("", "fib", &kwargs).unwrap();
    assert_eq!(channel.receive_timeout(LONG).unwrap(), Value::from(55));
    channel.wait_close(Some(LONG)).unwrap();
    let channel = gateway.remote_exec("squares").unwrap();
    channel.send("text").unwrap();
    let error = channel.receive_timeout(LONG).unwrap_err();
    assert!(
        matches!(&error, ReceiveError::Remote(error) if error.text().starts_with("function 'squares' failed: the item has another type: ")),
        "{error:?}"
    );
    let report = group.terminate(Some(LONG));
    let [member] = report.as_slice() else {
        panic!("{report:?}")
    };
    assert!(
        matches!(member.outcome, Outcome::Exited(exit) if exit.code() == Some(0)),
        "{member:?}"
    );
}

fn started(input: &[u8]) -> Child {
    let mut child = Command::new(worker())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(input).unwrap();
    child
}

#[test]
fn a_worker_whose_controller_goes_before_the_frames_is_done() {
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
fn a_worker_that_is_not_started_by_a_controller_says_so() {
    let output = finish(started(b"what is this\n"));
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("to be started by one"), "{told}");
    assert!(output.stdout.is_empty());
}
