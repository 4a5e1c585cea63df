//! The end by itself or by `--timeout`, and the time that `--grace` gives to a worker.

use super::locks;
use crate::support::{Finished, execnet, run, wait_until_gone};

/// Runs code until a timeout that comes after its first item: a busy machine needs a longer one to start an interpreter.
fn run_until_timeout(code: &str, more: &[&str], status: i32) -> Finished {
    let mut runs = ["3", "10", "30"].iter().map(|timeout| {
        let arguments = ["exec", "popen", code, "--timeout", timeout];
        execnet(&[&arguments[..], more].concat()).assert()
    });
    let run = runs.find(|run| !run.get_output().stdout.is_empty());
    Finished::new(run.unwrap().code(status))
}

#[test]
fn the_timeout_kills_the_worker() {
    let code = "import os, time; channel.send(os.getpid()); time.sleep(1000)";
    let finished = run_until_timeout(code, &[], 124);
    wait_until_gone(finished.out.trim().parse().unwrap());
    finished.tells("timed out");
}

#[test]
fn the_timeout_ends_a_stopped_worker() {
    let code = "import os, signal; channel.send(os.getpid()); os.kill(os.getpid(), signal.SIGSTOP)";
    let finished = run_until_timeout(code, &["--grace", "1"], 137);
    wait_until_gone(finished.out.trim().parse().unwrap());
    finished.tells("timed out").tells("killed");
}

#[test]
fn the_timeout_includes_start_up() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("pid");
    let spec = format!(
        "popen//python=sh -c 'echo $$ >{}; exec sleep 1000'",
        note.display()
    );
    run(&["exec", &spec, "1", "--timeout", "3"], 124);
    wait_until_gone(
        std::fs::read_to_string(note)
            .unwrap()
            .trim()
            .parse()
            .unwrap(),
    );
}

#[test]
fn no_process_is_left_after_success() {
    let finished = run(
        &["exec", "popen", "import os; channel.send(os.getpid())"],
        0,
    );
    wait_until_gone(finished.out.trim().parse().unwrap());
}

#[test]
fn the_timeout_runs_the_finally_clauses_of_remote_code() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let finished = run_until_timeout(&locks(&lock), &[], 124);
    assert_eq!(finished.out.lines().last(), Some("'cleaned'"));
    assert!(!lock.exists());
    finished.tells("timed out");
}

/// It was killed after a second, with status 0.
#[test]
fn a_thread_that_outlives_its_code_is_killed_and_reported() {
    let code = "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start()";
    run(&["exec", "popen", code, "--grace", "1"], 137).tells("killed");
}

/// They were killed after a second, with status 0.
#[test]
fn exit_handlers_of_remote_code_have_the_grace_time() {
    let place = tempfile::tempdir().unwrap();
    let note = place.path().join("note");
    let code = format!(
        "import atexit, time\n@atexit.register\ndef end():\n    time.sleep(2)\n    open({note:?}, 'w').close()"
    );
    run(&["exec", "popen", &code], 0);
    assert!(note.exists());
}
