//! The example controller of pytest-xdist, with a suite of which one test kills its worker.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

// For the tests it has.
#[path = "../examples/xdist/schedule.rs"]
mod schedule;

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// Cargo builds it with the tests.
fn example() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(2).unwrap().join("examples/xdist")
}

fn python() -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/stock-python");
    let output = Command::new(script).arg("xdist").output().unwrap();
    if output.status.success() {
        return Some(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    println!("skipped: the example controller of pytest-xdist: {reason}");
    None
}

#[test]
fn a_worker_that_dies_costs_one_test() {
    let Some(python) = python() else {
        return;
    };
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("test_it.py"), SUITE).unwrap();
    let mut command = assert_cmd::Command::new(example());
    command
        .args(["-n", "2", "--python", &python, "--silence", "50"])
        .arg("--directory")
        .arg(place.path())
        .args(["--", "-p", "no:cacheprovider", "--capture=no"])
        .timeout(Duration::from_secs(60));
    let output = command.assert().code(1).get_output().clone();
    let told = String::from_utf8(output.stdout).unwrap();
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
