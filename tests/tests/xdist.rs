//! The example controller of pytest-xdist, with a suite of which one test kills its worker.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use execnet_test_support::xdist_python;

/// A run that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(90);

const SUITE: &str = r#"
import os, signal, pytest

@pytest.mark.parametrize("n", range(10))
def test_good(n, tmp_path): assert tmp_path.exists()
def test_bad(): assert 1 == 2
def test_none(): pytest.skip("no reason")
@pytest.mark.xfail
def test_expected(): assert 0
@pytest.mark.xfail
def test_unexpected(): pass
@pytest.fixture
def broken(): raise RuntimeError("a broken fixture")
def test_broken(broken): pass
def test_deadly():
    os.write(2, b"goodbye, cruel world\n")
    os.kill(os.getpid(), signal.SIGKILL)
@pytest.mark.parametrize("n", range(10))
def test_after(n): pass
"#;

/// A project with these files, and the interpreter to run it; none where there is no pytest.
struct Project {
    place: TempDir,
    /// For what the example keeps while it runs.
    scratch: TempDir,
    python: PathBuf,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Option<Self> {
        let python = xdist_python()?;
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(place.path().join(name), text).unwrap();
        }
        let scratch = tempfile::tempdir().unwrap();
        Some(Self {
            place,
            scratch,
            python,
        })
    }

    fn command(&self, silence: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xdist"));
        command
            .args(["-n", "2", "--silence", silence, "--python"])
            .arg(&self.python)
            .arg("--directory")
            .arg(self.place.path())
            .args(["--", "-p", "no:cacheprovider", "--capture=no"])
            .env("TMPDIR", self.scratch.path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What the example prints: its outcomes, and what it complains of.
    fn run(&self, silence: &str, status: i32) -> (String, String) {
        let mut command = assert_cmd::Command::from_std(self.command(silence));
        let output = command.timeout(DEADLINE).assert().code(status);
        let output = output.get_output();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert!(fs::read_dir(self.scratch.path()).unwrap().next().is_none());
        (text(&output.stdout), text(&output.stderr))
    }
}

/// A project may say of any warning that it is an error, and the import of a plugin before pytest starts is one.
#[test]
fn projects_for_which_warnings_are_errors_run() {
    let Some(project) = Project::new(&[
        ("test_it.py", "def test_good(): pass\n"),
        ("pytest.ini", "[pytest]\nfilterwarnings = error\n"),
    ]) else {
        return;
    };
    let (told, _) = project.run("50", 0);
    assert!(told.contains("== 1 passed in "), "{told}");
}

#[test]
fn a_test_whose_report_does_not_arrive_is_lost() {
    let Some(project) = Project::new(&[(
        "test_it.py",
        "
def test_mute(pytestconfig):
    for plugin in pytestconfig.pluginmanager.get_plugins():
        if hasattr(plugin, 'sendevent'):
            send = plugin.sendevent
            def some(name, **kwargs):
                if name == 'testreport':
                    if kwargs['data']['when'] == 'teardown':
                        plugin.sendevent = send
                else:
                    send(name, **kwargs)
            plugin.sendevent = some
            break
def test_good(): pass
",
    )]) else {
        return;
    };
    let (told, _) = project.run("50", 1);
    assert!(told.contains("lost    test_it.py::test_mute"), "{told}");
    assert!(told.contains("== 1 passed, 1 lost in "), "{told}");
}

#[test]
fn nothing_runs_where_the_workers_collect_different_tests() {
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
fn a_worker_that_dies_costs_one_test() {
    let Some(project) = Project::new(&[("test_it.py", SUITE)]) else {
        return;
    };
    let (told, _) = project.run("50", 1);
    let count = |outcome: &str, test: &str| {
        let line = format!("{outcome:<7} test_it.py::{test}");
        told.lines()
            .filter(|found| found.starts_with(&line))
            .count()
    };
    for (outcome, test, times) in [
        ("passed", "test_good", 10),
        ("passed", "test_after", 10),
        ("failed", "test_bad", 1),
        ("skipped", "test_none", 1),
        ("xfailed", "test_expected", 1),
        ("xpassed", "test_unexpected", 1),
        ("error", "test_broken", 1),
        ("crashed", "test_deadly", 1),
    ] {
        assert_eq!(count(outcome, test), times, "{outcome} {test}:\n{told}");
    }
    for said in ["died", "SIGKILL", "goodbye, cruel world", "1 crashed in"] {
        assert!(told.contains(said), "{said}:\n{told}");
    }
}

/// A project with a test that ends its session in the middle, and others before and after it.
fn project_that_ends_early(statement: &str) -> Option<Project> {
    let test = format!(
        "
import pytest, sys
def test_first(): pass
def test_culprit(monkeypatch):
    {statement}
@pytest.mark.parametrize('n', range(20))
def test_after(n): pass
"
    );
    Project::new(&[("test_it.py", &test)])
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
fn a_test_that_breaks_pytest_costs_one_test() {
    let broken = "monkeypatch.setattr(sys, 'exc_info', lambda: 0); assert 0";
    let unsendable = "pytest.fail(chr(0xdc80))";
    for statement in [broken, unsendable] {
        let Some(project) = project_that_ends_early(statement) else {
            return;
        };
        let (told, _) = project.run("50", 1);
        assert!(
            told.contains("crashed test_it.py::test_culprit"),
            "{statement}: {told}"
        );
        assert!(
            told.contains("== 21 passed, 1 crashed in "),
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
