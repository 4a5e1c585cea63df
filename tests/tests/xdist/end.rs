//! Runs that end early: nothing to run, silence, an interrupt, or a failure that ends the session.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::mpsc;
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use crate::{DEADLINE, Project, project_that_ends_early};

#[test]
fn no_test_runs_if_the_workers_collect_different_tests() {
    let Some(project) = Project::new(&[(
        "test_it.py",
        "
import os, pytest
def test_same(): pass
@pytest.mark.parametrize('pid', [os.getpid()])
def test_other(pid): pass
",
    )]) else {
        return;
    };
    let (told, error) = project.run("50", 3);
    assert!(told.starts_with("== no tests in "), "{told}");
    for sign in [
        "\n  - test_it.py::test_other[",
        "\n  + test_it.py::test_other[",
    ] {
        assert!(error.contains(sign), "{error}");
    }
    assert!(!error.contains("test_same"), "{error}");
}

#[test]
fn workers_that_die_before_they_collect_end_the_run() {
    let Some(project) = Project::new(&[
        ("test_it.py", "def test_good(): pass\n"),
        ("conftest.py", "import os\nos._exit(3)\n"),
    ]) else {
        return;
    };
    let (told, error) = project.run("50", 3);
    assert!(error.contains("before they have collected"), "{error}");
    assert!(told.contains("2 of the workers died"), "{told}");
}

#[test]
fn silence_names_the_tests_that_run() {
    let Some(project) = Project::new(&[(
        "test_it.py",
        "import time\ndef test_slow(): time.sleep(600)\ndef test_slower(): time.sleep(600)\n",
    )]) else {
        return;
    };
    // On a busy machine pytest itself may be silent for long, before it runs a test.
    let mut errors = ["5", "15", "45"]
        .iter()
        .map(|silence| project.run(silence, 3).1);
    let error = errors.find(|error| !error.contains("in no test")).unwrap();
    assert!(error.contains("in test_it.py::test_slow"), "{error}");
}

#[test]
fn an_interrupt_prints_the_summary_and_leaves_nothing() {
    let Some(project) = Project::new(&[(
        "test_it.py",
        "
import os, sys
def test_good(): pass
def test_loop():
    while True: pass
",
    )]) else {
        return;
    };
    let mut child = project
        .command("50")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(
        first.starts_with("passed  test_it.py::test_good"),
        "{first}"
    );
    kill_process(pid, Signal::INT).unwrap();
    let (told, ended) = mpsc::channel();
    thread::spawn(move || {
        let lines: Vec<String> = lines.map(Result::unwrap).collect();
        let mut error = String::new();
        let mut stderr = child.stderr.take().unwrap();
        stderr.read_to_string(&mut error).unwrap();
        let _ = told.send((child.wait().unwrap(), lines, error));
    });
    let (status, lines, error) = ended.recv_timeout(DEADLINE).expect("it does not end");
    assert_eq!(status.code(), Some(130), "{lines:?}");
    assert!(error.contains("interrupted: gw"), "{error}");
    // The signal may come before the first test is known to be complete.
    assert!(error.contains(" in test_it.py::test_"), "{error}");
    let summary = lines.last().unwrap();
    assert!(
        summary.starts_with("== 1 passed in ") && summary.ends_with("; interrupted =="),
        "{summary}"
    );
    assert!(
        fs::read_dir(project.scratch.path())
            .unwrap()
            .next()
            .is_none()
    );
}

#[test]
fn a_test_that_interrupts_its_session_ends_the_run_and_is_named() {
    for statement in ["raise KeyboardInterrupt", "pytest.exit('enough')"] {
        let Some(project) = project_that_ends_early(statement) else {
            return;
        };
        let (told, error) = project.run("50", 3);
        assert!(
            error.contains("was interrupted in test_it.py::test_culprit"),
            "{statement}: {error}"
        );
        assert!(
            told.contains("lost    test_it.py::test_culprit"),
            "{statement}: {told}"
        );
    }
}

#[test]
fn the_option_to_stop_at_the_first_failure_ends_the_run() {
    let Some(project) = project_that_ends_early("assert 0") else {
        return;
    };
    let mut command = project.command("50");
    command.arg("-x");
    let output = assert_cmd::Command::from_std(command)
        .timeout(DEADLINE)
        .assert()
        .code(3);
    let told = String::from_utf8_lossy(&output.get_output().stdout);
    let error = String::from_utf8_lossy(&output.get_output().stderr);
    assert!(told.contains("failed  test_it.py::test_culprit"), "{told}");
    assert!(error.contains("stopping after 1 failures"), "{error}");
}
