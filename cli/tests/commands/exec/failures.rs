//! The errors and exit statuses of `exec`: usage, gateways that do not start, and workers that die.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::support::{self, run};

/// Such arguments were refused as invalid UTF-8.
#[cfg(target_os = "linux")]
#[test]
fn a_spec_accepts_paths_that_are_not_utf_8() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join(OsStr::from_bytes(b"odd\xff"));
    std::fs::create_dir(&directory).unwrap();
    let executable = run(
        &["exec", "popen", "import sys; channel.send(sys.executable)"],
        0,
    )
    .out;
    let link = directory.join("python");
    std::os::unix::fs::symlink(executable.trim().trim_matches('\''), &link).unwrap();
    let words = [
        OsStr::new("popen//python="),
        link.as_os_str(),
        OsStr::new("//chdir="),
        directory.as_os_str(),
    ];
    let code = "import os; channel.send(os.path.basename(os.getcwdb()))";
    let mut command = support::execnet(&["exec"]);
    command.arg(words.join(OsStr::new(""))).arg(code);
    command.assert().code(0).stdout("b'odd\\xff'\n");
    // A path for another machine has to be UTF-8: the error names the key.
    let mut command = support::execnet(&["exec"]);
    command
        .arg(OsStr::from_bytes(b"cmd=env//chdir=\xff"))
        .arg("1");
    let refused = command.assert().code(2);
    let error = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(error.contains("chdir= is not UTF-8"), "{error}");
}

/// It was shown twice, with its carriage return escaped.
#[test]
fn the_error_output_of_a_failed_start_is_shown_once() {
    let spec = r#"popen//python=sh -c 'printf "Connection %s\015\012" refused >&2; exit 255'"#;
    let finished = run(&["exec", spec, "1"], 3);
    let lines: Vec<_> = finished.err.lines().collect();
    let said = lines
        .iter()
        .filter(|line| line.contains("Connection refused"));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [&"[gw0] Connection refused"],
        "{lines:?}"
    );
    finished.tells("exited with status 255");
}

#[test]
fn a_remote_exception_shows_its_traceback() {
    let finished = run(&["exec", "popen", "channel.send(1); 1/0"], 1);
    assert_eq!(finished.out, "1\n");
    finished.tells("Traceback").tells("ZeroDivisionError");
}

#[test]
fn usage_errors() {
    run(&["exec"], 2).tells("<SPEC>, --on or --hosts");
    run(&["exec", "popen"], 2).tells("<CODE> or --file");
    run(&["exec", "--on", "popen"], 2).tells("<CODE> or --file");
    run(&["exce", "popen", "1"], 2).tells("similar");
    run(&["exec", "popen", "--file", "/no/such/file.py"], 2).tells("/no/such/file.py");
    run(&["exec", "popen", "1", "--send", "[1"], 2).tells("--send");
    run(&["exec", "popen", "1", "--timeout", "-1"], 2);
    run(&["exec", "popen", "1", "--timeout", "soon"], 2).tells("soon");
    run(&["exec", "popen", "1", "--timeout", "0"], 2).tells("must not be zero");
    run(&["exec", "popen", "1", "--timeout", "1y"], 2).tells("with a unit (ms");
}

/// The library reports it as Python's execnet does; the program has no other way to know.
#[test]
fn an_exit_of_the_code_is_a_failure_like_any_exception() {
    run(&["exec", "popen", "import sys; sys.exit(0)"], 1).tells("SystemExit: 0");
}

#[test]
fn an_unknown_key_is_a_usage_error() {
    let refused = run(&["exec", "popen//pyhton=python3", "channel.send(1)"], 2);
    refused.tells(r#"unknown key "pyhton" in a spec; did you mean "python"?"#);
}

#[test]
fn the_name_of_a_host_is_a_usage_error_that_shows_its_spec() {
    run(&["exec", "web1", "1"], 2).tells("for the host of this name write ssh=web1");
    run(&["exec", "popn", "1"], 2).tells("did you mean \"popen\"?");
}

#[test]
fn an_invalid_spec_is_a_usage_error() {
    for spec in ["popen//popen", "popen//_x=1", "", "hello"] {
        run(&["exec", spec, "1"], 2);
    }
}

#[test]
fn a_missing_interpreter_is_a_gateway_failure() {
    let finished = run(&["exec", "popen//python=/no/such/python", "1"], 3);
    finished
        .tells("/no/such/python")
        .tells("hint: name an interpreter in the spec");
}

#[test]
fn a_worker_that_dies_is_a_gateway_failure_that_names_the_signal() {
    let code = "import os, signal; channel.send(1); os.kill(os.getpid(), signal.SIGKILL)";
    let finished = run(&["exec", "popen", code], 3);
    assert_eq!(finished.out, "1\n");
    finished.tells("SIGKILL");
}

#[test]
fn a_worker_that_exits_is_a_gateway_failure_that_names_the_status() {
    run(&["exec", "popen", "import os; os._exit(7)"], 3).tells("exited with status 7");
}
