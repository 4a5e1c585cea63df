//! `EXECNET_DEBUG`, in this program and in its workers. The variable is read once in a process, so each test runs in a
//! process of its own: this same program, with one of the tests below.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::process::{Command, Output};
use std::{env, fs};

use execnet::{Group, Value};
use execnet_test_support::{LONG, within};

/// What the processes do that are traced: run as a test of its own, and only where it is asked for.
#[test]
fn a_traced_program() {
    if env::var_os("EXECNET_TRACED_PROGRAM").is_none() {
        return;
    }
    within("a traced program", LONG, || {
        let group = Group::new();
        let gateway = group.make_gateway("popen//id=gw0").unwrap();
        let channel = gateway
            .remote_exec("import os; channel.send(os.getpid())")
            .unwrap();
        println!("worker-pid={}", channel.receive().unwrap());
        println!("program-pid={}", std::process::id());
        assert!(matches!(
            **gateway
                .remote_exec("channel.send('private')")
                .unwrap()
                .receive()
                .as_ref()
                .unwrap(),
            Value::Str(_)
        ));
    });
}

fn traced(value: &str, directory: &std::path::Path) -> Output {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "a_traced_program",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("EXECNET_TRACED_PROGRAM", "1")
        .env("EXECNET_DEBUG", value)
        .env("TMPDIR", directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

fn pid(output: &Output, whose: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text
        .lines()
        .find_map(|line| line.split_once(&format!("{whose}-pid=")));
    line.unwrap_or_else(|| panic!("{text}")).1.to_owned()
}

#[test]
fn test_popen_filetracing() {
    let directory = tempfile::tempdir().unwrap();
    let output = traced("1", directory.path());
    let file = |pid: String| {
        let path = directory.path().join(format!("execnet-debug-{pid}"));
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
    };
    let ours = file(pid(&output, "program"));
    assert!(ours.starts_with("gw0 creating gateway"), "{ours}");
    assert!(
        ours.contains("gw0 sent <Message CHANNEL_EXEC channel=1 lendata="),
        "{ours}"
    );
    assert!(
        ours.contains("gw0 received <Message CHANNEL_CLOSE channel=1 lendata=0>"),
        "{ours}"
    );
    assert!(
        !ours.contains("private"),
        "what was sent is in the trace: {ours}"
    );
    let theirs = file(pid(&output, "worker"));
    assert!(
        theirs.starts_with("gw0-worker creating workergateway on "),
        "{theirs}"
    );
    assert!(
        theirs.contains("gw0-worker received <Message CHANNEL_EXEC channel=1"),
        "{theirs}"
    );
    assert!(
        theirs.contains("gw0-worker sent <Message CHANNEL_DATA channel=1"),
        "{theirs}"
    );
}

#[test]
fn test_popen_stderr_tracing() {
    let directory = tempfile::tempdir().unwrap();
    let output = traced("2", directory.path());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let worker = pid(&output, "worker");
    let line = format!("[{worker}] gw0-worker creating workergateway");
    assert!(text.contains(&line), "{text}");
    let program = pid(&output, "program");
    assert!(
        text.contains(&format!("[{program}] gw0 creating gateway")),
        "{text}"
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// The file of a process in a trace with details. Each line begins with a time.
fn detailed(directory: &std::path::Path, pid: &str) -> String {
    let text = fs::read_to_string(directory.join(format!("execnet-debug-{pid}"))).unwrap();
    for line in text.lines() {
        let time = line.split(' ').next().unwrap();
        assert!(time.parse::<f64>().unwrap() > 1.7e9, "{line}");
    }
    text
}

#[test]
fn a_directory_gets_traces_with_times_and_payloads() {
    let directory = tempfile::tempdir().unwrap();
    let output = traced(directory.path().to_str().unwrap(), directory.path());
    let ours = detailed(directory.path(), &pid(&output, "program"));
    let theirs = detailed(directory.path(), &pid(&output, "worker"));
    // The opcodes of 'private': a text of seven bytes, and the end.
    let item = "<Message CHANNEL_DATA channel=3 lendata=13> 4e000000077072697661746551";
    assert!(ours.contains(&format!("gw0 received {item}")), "{ours}");
    assert!(
        theirs.contains(&format!("gw0-worker sent {item}")),
        "{theirs}"
    );
}

/// Such as one that belongs to another user.
#[test]
fn a_worker_that_cannot_write_its_trace_works() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let output = traced(missing.to_str().unwrap(), directory.path());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(text.matches("no trace").count(), 2, "{text}");
}

#[test]
fn test_no_tracing_by_default() {
    let directory = tempfile::tempdir().unwrap();
    let output = traced("", directory.path());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("creating"), "{text}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_link_in_the_place_of_the_trace_file_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let victim = directory.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    // Whatever number the process gets.
    let script =
        r#"ln -s "$1" "$TMPDIR/execnet-debug-$$"; exec "$2" a_traced_program --exact --nocapture"#;
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(&victim)
        .arg(env::current_exe().unwrap())
        .env("EXECNET_TRACED_PROGRAM", "1")
        .env("EXECNET_DEBUG", "1")
        .env("TMPDIR", directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_to_string(victim).unwrap(), "precious");
}
