//! Tests that patch modules, fork, print, close descriptors and crash: each ends as under plain pytest, and none is missing.

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use execnet_test_support::xdist_python;

/// A run that takes longer hangs; both take about fifteen seconds on an idle machine.
const DEADLINE: Duration = Duration::from_secs(300);

/// Tests that crash under pytest-xdist only, or later than under plain pytest.
const LOST: [&str; 8] = [
    // Closes the stream of pytest's progress, which the workers do not print.
    "test_output.py::test_original_streams_are_closed",
    // Close the worker's link.
    "test_output.py::test_closes_all",
    "test_output.py::test_closes_all_and_fails",
    // Have a report that execnet cannot serialize.
    "test_output.py::test_printed_surrogates_of_a_failure",
    "test_output.py::test_property[object]",
    "test_output.py::test_property[subclass]",
    "test_output.py::test_property[surrogate]",
    "test_output.py::test_warning[surrogate]",
];

/// The outcomes of each test: more than one where its teardown goes wrong too.
type Outcomes = BTreeMap<String, Vec<String>>;

#[test]
fn hostile_tests_end_as_under_plain_pytest() {
    let Some(python) = xdist_python() else {
        return;
    };
    let (plain, ours) = thread::scope(|scope| {
        let plain = scope.spawn(|| plain(&python));
        let ours = ours(&python);
        (plain.join().unwrap(), ours)
    });
    for outcome in ["passed", "skipped", "xfailed", "failed", "error", "crashed"] {
        assert!(
            plain.values().flatten().any(|found| found == outcome),
            "no test of the suite is {outcome}"
        );
    }
    let tests = plain
        .keys()
        .chain(ours.keys().filter(|&test| !plain.contains_key(test)));
    let different: Vec<_> = tests
        .filter(|&test| {
            let outcomes = ours.get(test);
            let lost = LOST.contains(&test.as_str())
                && outcomes.is_some_and(|outcomes| outcomes.ends_with(&["crashed".to_owned()]));
            !lost && outcomes != plain.get(test)
        })
        .map(|test| {
            format!(
                "{test}: plain pytest {:?}, the example {:?}",
                plain.get(test),
                ours.get(test)
            )
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile_suite")
}

fn plain(python: &Path) -> Outcomes {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(python);
    command
        .arg(suite().join("plain.py"))
        .arg(suite())
        .arg(scratch.path())
        .env("PYTHONPATH", suite().join("../../../cli/examples/xdist"));
    let output = output_of(command, 0);
    let pairs = output.lines().map(|line| line.split_once(' ').unwrap());
    collected(pairs)
}

fn ours(python: &Path) -> Outcomes {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xdist"));
    command
        .args(["-n", "2", "--silence", "120", "--max-restart", "100"])
        .arg("--python")
        .arg(python)
        .arg("--directory")
        .arg(suite())
        .args(["--", "-p", "no:cacheprovider"])
        .env("TMPDIR", scratch.path());
    let output = output_of(command, 1);
    assert!(
        !output.lines().last().unwrap().contains("not run"),
        "{output}"
    );
    // Texts of failures are indented.
    let told = output.lines().filter(|line| !line.starts_with(' '));
    let pairs = told.filter_map(|line| line.rsplit_once(" [gw")?.0.split_once(' '));
    collected(pairs.map(|(outcome, test)| (outcome, test.trim_start())))
}

fn output_of(mut command: Command, status: i32) -> String {
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let run = assert_cmd::Command::from_std(command)
        .timeout(DEADLINE)
        .assert()
        .code(status);
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

fn collected<'t>(pairs: impl Iterator<Item = (&'t str, &'t str)>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for (outcome, test) in pairs {
        outcomes
            .entry(test.to_owned())
            .or_default()
            .push(outcome.to_owned());
    }
    outcomes
}
