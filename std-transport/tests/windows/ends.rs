//! How workers end, and what ends with them.

use core::time::Duration;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use execnet::{BootstrapErrorKind, Grace, Group, GroupOptions, Outcome, value};
use execnet_test_support::{
    LONG, bootstrap_error, group, pid, quiet, receive, receive_int, within,
};

use super::python;
use super::system::{System, descendants};

#[test]
fn a_worker_that_leaves_takes_what_it_has_started_with_it() {
    let (watching, group) = (group(), group());
    let system = System::of(&watching);
    let gateway = group.make_gateway(python()).unwrap();
    let [child, grandchild] = descendants(&gateway);
    assert!(system.runs(child) && system.runs(grandchild));
    let reports = group.terminate_timeout(LONG);
    assert!(
        matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
        "{reports:?}"
    );
    system.ends("the child", child);
    system.ends("the grandchild", grandchild);
}

#[test]
fn a_worker_that_is_killed_takes_what_it_has_started_with_it() {
    let (watching, group) = (group(), group());
    let system = System::of(&watching);
    let gateway = group.make_gateway(python()).unwrap();
    let worker = pid(&gateway);
    let [child, grandchild] = descendants(&gateway);
    // Ends neither by itself nor when it is interrupted.
    let source = "
        import time
        channel.send(1)
        while True:
            try:
                time.sleep(0.01)
            except BaseException:
                pass
    ";
    let channel = gateway.remote_exec(source).unwrap();
    receive(&channel);
    let reports = group.terminate_timeout(Duration::from_millis(100));
    assert!(
        matches!(reports[0].outcome, Outcome::Killed(_)),
        "{reports:?}"
    );
    for (what, pid) in [
        ("the worker", worker),
        ("its child", child),
        ("the grandchild", grandchild),
    ] {
        system.ends(what, pid);
    }
}

/// Set in the process that this suite kills.
const DIES: &str = "EXECNET_TEST_DIES";

#[test]
fn workers_end_when_their_controller_dies() {
    if env::var_os(DIES).is_some() {
        let group = group();
        let gateway = group.make_gateway(python()).unwrap();
        let [child, grandchild] = descendants(&gateway);
        println!("pids {} {child} {grandchild}", pid(&gateway));
        std::process::abort();
    }
    let group = group();
    let system = System::of(&group);
    let mut dying = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "ends::workers_end_when_their_controller_dies",
            "--nocapture",
        ])
        .env(DIES, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(dying.stdout.take().unwrap()).lines();
    let pids: Vec<i64> = within("the process ends", LONG, || {
        let lines: Vec<String> = lines.map(Result::unwrap).collect();
        let line = lines
            .iter()
            .find_map(|line| line.split_once("pids "))
            .unwrap()
            .1
            .to_owned();
        line.split(' ').map(|pid| pid.parse().unwrap()).collect()
    });
    assert!(!dying.wait().unwrap().success());
    assert_eq!(pids.len(), 3);
    for pid in pids {
        system.ends("what the controller has started", pid);
    }
}

#[test]
fn code_that_outlives_its_grace_is_interrupted() {
    let grace = Grace::new()
        .with_interrupt(Duration::from_millis(10))
        .with_leave(LONG);
    let group = Group::with_options(quiet().with_grace(grace));
    let gateway = group.make_gateway(python()).unwrap();
    let source = "
        import time
        channel.send(1)
        time.sleep(600)
    ";
    let channel = gateway.remote_exec(source).unwrap();
    receive(&channel);
    let reports = group.terminate_timeout(LONG);
    // It has ended as a worker ends, and not by the number of a signal.
    assert!(
        matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
        "{reports:?}"
    );
}

#[test]
fn a_status_of_the_worker_or_of_the_system_is_reported() {
    for (status, text) in [
        ("3", "exited with status 3"),
        ("-1073741510", "exited with status 0xC000013A"),
    ] {
        let group = group();
        let gateway = group.make_gateway(python()).unwrap();
        let channel = gateway
            .remote_exec(&format!("import os; os._exit({status})"))
            .unwrap();
        let error = channel.receive_timeout(LONG).unwrap_err();
        let error = format!("{:#}", execnet::report(&error));
        assert!(error.contains(text), "{error}");
    }
}

#[test]
fn a_worker_that_is_gone_fails_a_send() {
    let group = group();
    let gateway = group.make_gateway(python()).unwrap();
    let channel = gateway
        .remote_exec("channel.receive(); import os; os._exit(0)")
        .unwrap();
    within("the send fails", LONG, move || {
        while channel.send(value!("x")).is_ok() {}
    });
}

#[test]
fn a_program_that_never_answers_is_killed_at_the_deadline() {
    let watching = group();
    let system = System::of(&watching);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("pid");
    // The program of the worker is in `argv`; this code comes first.
    let code =
        "import os, sys, time; open(sys.argv[1], \"w\").write(str(os.getpid())); time.sleep(600)";
    let spec = format!("{} -c '{code}' '{}'", python(), file.display());
    let options: GroupOptions = quiet().with_bootstrap_timeout(Duration::from_secs(5));
    let group = Group::with_options(options);
    let error = bootstrap_error(&group, &spec);
    assert_eq!(error.kind(), BootstrapErrorKind::TimedOut, "{error}");
    let pid = std::fs::read_to_string(file).unwrap().parse().unwrap();
    assert!(!system.runs(pid));
}

#[test]
fn the_last_lines_of_a_program_that_ends_are_in_the_error() {
    let code = "import sys; sys.stderr.write(\"no room\\n\"); sys.exit(7)";
    let error = bootstrap_error(&group(), &format!("{} -c '{code}'", python()));
    let text = format!("{:#}", execnet::report(&error));
    assert!(
        text.contains("no room") && text.contains("status 7"),
        "{text}"
    );
}

/// The thread that reads a standard error must not wait for its end.
#[test]
fn a_process_that_keeps_the_standard_error_open_does_not_hold_up_the_end() {
    let group = group();
    let gateway = group.make_gateway(python()).unwrap();
    let source = "
        import subprocess, sys
        process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        channel.send(process.pid)
    ";
    receive_int(&gateway.remote_exec(source).unwrap());
    within("the end", LONG, move || drop(group));
}
