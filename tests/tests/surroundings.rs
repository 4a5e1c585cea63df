//! Programs that were started in an unusual environment, such as closed standard streams or ignored signals. They make,
//! use and end gateways, or the error names the problem; no process is left.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use execnet_test_support::{LONG, eventually, is_running, within};

/// A way to start the program, as words in front of its own command line.
type Prefix = &'static [&'static str];

const PLAIN: [&str; 4] = [
    "idle has a child of status 42",
    "idle ends: remote code failed: keyboard-interrupted",
    "idle exited: status 0",
    "stubborn killed: signal 9",
];

/// Starts the program, and returns what it says of the end of its gateways. Each process that it names is gone then.
fn run(name: &str, prefix: Prefix, mode: &'static str) -> Vec<String> {
    within(name, 3 * LONG, move || {
        let place = tempfile::tempdir().unwrap();
        let said = run_in(place.path(), prefix, mode);
        println!("{said}");
        let named = said.lines().filter_map(|line| {
            let list = line.split_once('[')?.1.strip_suffix(']')?;
            Some(list.split(", ").map(|pid| pid.parse().unwrap()))
        });
        let pids: Vec<i64> = named.flatten().collect();
        for pid in pids {
            eventually("no process is left", LONG, || !is_running(pid));
        }
        let ends = said.lines().filter(|line| !line.contains('['));
        ends.map(str::to_owned).collect()
    })
}

/// What the program has written.
fn run_in(place: &Path, prefix: Prefix, mode: &str) -> String {
    let file = place.join("said");
    let program = env!("CARGO_BIN_EXE_surroundings");
    let (first, rest) = prefix.split_first().unwrap_or((&program, &[]));
    let mut command = Command::new(first);
    command.args(rest);
    if !prefix.is_empty() {
        command.arg(program);
    }
    let status = command
        .arg(&file)
        .arg(mode)
        .stdin(Stdio::null())
        .status()
        .unwrap();
    let said = fs::read_to_string(&file).unwrap_or_default();
    assert!(status.success(), "{status}: {said}");
    said
}

const IGNORED: Prefix = &[
    "python3",
    "-c",
    "import os, signal, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nos.execv(sys.argv[1], sys.argv[1:])",
];

/// The status of the workers goes nowhere. What is left to be known is that they are gone.
#[test]
fn a_program_that_ignores_sigchld_ends_its_workers_with_an_unknown_status() {
    let ends = run("SIGCHLD ignored", IGNORED, "");
    assert_eq!(
        ends,
        [
            PLAIN[0],
            PLAIN[1],
            "idle exited: status unknown",
            "stubborn killed: status unknown"
        ]
    );
}

/// Either may be faster to take the status.
#[test]
fn a_program_that_reaps_all_children_ends_its_workers() {
    let ends = run("reaped elsewhere", &[], "reaper");
    let [child, interrupt, idle, stubborn] = ends.as_slice() else {
        panic!("{ends:?}")
    };
    assert_eq!([child, interrupt], [PLAIN[0], PLAIN[1]]);
    assert!(
        ["idle exited: status unknown", PLAIN[2]].contains(&idle.as_str()),
        "{ends:?}"
    );
    let expected = ["stubborn killed: status unknown", PLAIN[3]];
    assert!(expected.contains(&stubborn.as_str()), "{ends:?}");
}

#[test]
fn blocked_and_ignored_signals_of_the_program_have_no_effect() {
    const BLOCKED: Prefix = &[
        "python3",
        "-c",
        "import os, signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\nos.execv(sys.argv[1], sys.argv[1:])",
    ];
    const INTERRUPT_IGNORED: Prefix = &[
        "sh",
        "-c",
        "trap '' INT QUIT HUP TERM PIPE; exec \"$0\" \"$@\"",
    ];
    assert_eq!(run("signals blocked", BLOCKED, ""), PLAIN);
    assert_eq!(run("signals ignored", INTERRUPT_IGNORED, ""), PLAIN);
}

#[test]
fn any_umask_works() {
    const OPEN: Prefix = &["sh", "-c", "umask 000; exec \"$0\" \"$@\""];
    const CLOSED: Prefix = &["sh", "-c", "umask 077; exec \"$0\" \"$@\""];
    assert_eq!(run("umask 000", OPEN, ""), PLAIN);
    assert_eq!(run("umask 077", CLOSED, ""), PLAIN);
}

#[test]
fn standard_streams_that_are_closed_are_not_needed() {
    const CLOSED: Prefix = &["sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-"];
    assert_eq!(run("descriptors 0 to 2 closed", CLOSED, ""), PLAIN);
}

#[test]
fn thirty_two_descriptors_are_enough() {
    const FEW: Prefix = &["sh", "-c", "ulimit -n 32; exec \"$0\" \"$@\""];
    assert_eq!(run("ulimit -n 32", FEW, ""), PLAIN);
}

#[test]
fn the_error_for_too_few_descriptors_names_them() {
    const NONE: Prefix = &["sh", "-c", "ulimit -n 8; exec \"$0\" \"$@\""];
    let ends = run("ulimit -n 8", NONE, "");
    let expected = "error: the process cannot be started: Too many open files";
    assert!(ends[0].starts_with(expected), "{ends:?}");
}

#[test]
fn the_lowest_priority_is_enough() {
    assert_eq!(run("niceness 19", &["nice", "-n", "19"], ""), PLAIN);
}

#[test]
fn no_home_and_no_temporary_directory_is_needed() {
    const NO_HOME: Prefix = &[
        "env",
        "-i",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "TMPDIR=/nonexistent",
    ];
    assert_eq!(run("no home", NO_HOME, ""), PLAIN);
}

#[test]
fn a_file_system_that_cannot_be_written_is_enough() {
    // But for the directory of the result.
    const READ_ONLY: Prefix = &[
        "unshare",
        "--mount",
        "sh",
        "-c",
        "d=$(dirname \"$1\"); mount --bind \"$d\" \"$d\" && mount -o remount,bind,ro / && exec \"$0\" \"$@\"",
    ];
    let possible = Command::new("unshare")
        .args([
            "--mount",
            "sh",
            "-c",
            "mount --bind /tmp /tmp && mount -o remount,bind,ro /",
        ])
        .output();
    if !possible
        .as_ref()
        .is_ok_and(|output| output.status.success())
    {
        return println!("skipped: a read-only file system, as none can be mounted: {possible:?}");
    }
    assert_eq!(run("read-only", READ_ONLY, ""), PLAIN);
}
