//! Ending a group reaches the processes that are only about to become workers.

use core::time::Duration;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::{Group, GroupOptions, MakeGatewayError};

const DEADLINE: Duration = Duration::from_secs(30);

/// A program that takes the place of an interpreter, says that it is there, and never answers.
fn silent_program(note: &std::path::Path) -> String {
    format!(
        "popen//python=sh -c 'echo $$ >{}; exec sleep 600'",
        note.display()
    )
}

#[test]
fn a_process_that_does_not_become_a_worker_does_not_outlive_terminate() {
    let note = std::env::temp_dir().join(format!("execnet-starting-{}", std::process::id()));
    let spec = silent_program(&note);
    let mut options = GroupOptions::default();
    options.bootstrap_timeout = 2 * DEADLINE;
    let group = Group::with_options(options);
    let (failed, failure) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| failed.send(group.makegateway(&spec).unwrap_err()));
        let started = Instant::now();
        while !std::fs::read_to_string(&note).is_ok_and(|text| text.ends_with('\n')) {
            assert!(started.elapsed() < DEADLINE, "the process did not start");
            thread::yield_now();
        }
        group.terminate(Some(Duration::ZERO));
        let error = failure.recv_timeout(DEADLINE).unwrap();
        assert!(
            matches!(&error, MakeGatewayError::Bootstrap(error) if error.to_string().contains("SIGKILL")),
            "{error}"
        );
    });
    std::fs::remove_file(note).unwrap();
}
