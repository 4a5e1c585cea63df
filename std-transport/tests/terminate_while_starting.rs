//! Ending a group reaches the processes that are only about to become workers.

use core::time::Duration;
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Instant;

use execnet::{Group, GroupOptions, MakeGatewayError, Stderr};
use log::{LevelFilter, Log, Metadata, Record};

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let options = GroupOptions::new().with_stderr(Stderr::Capture);
    Group::with_options(options)
});

/// Terminates the group when a gateway of it takes up its link: the worker is ready, and no member yet.
struct Terminator;

impl Log for Terminator {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.args().to_string() == "late creating gateway on a link" {
            GROUP.terminate_timeout(DEADLINE);
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_worker_that_gets_ready_while_its_group_is_terminated_is_no_member() {
    log::set_logger(&Terminator).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let made = GROUP.make_gateway("popen//id=late");
    assert!(
        matches!(made, Err(MakeGatewayError::Terminated)),
        "{made:?}"
    );
    assert!(GROUP.is_empty());
    assert!(GROUP.terminate().is_empty());
    let again = GROUP.make_gateway("popen//id=again").unwrap();
    assert!(again.has_receiver());
    GROUP.terminate_timeout(DEADLINE);
}

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
    let options = GroupOptions::new().with_bootstrap_timeout(2 * DEADLINE);
    let group = Group::with_options(options);
    let (failed, failure) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| failed.send(group.make_gateway(&spec).unwrap_err()));
        let started = Instant::now();
        while !std::fs::read_to_string(&note).is_ok_and(|text| text.ends_with('\n')) {
            assert!(started.elapsed() < DEADLINE, "the process did not start");
            thread::yield_now();
        }
        group.terminate_timeout(Duration::ZERO);
        let error = failure.recv_timeout(DEADLINE).unwrap();
        assert!(matches!(error, MakeGatewayError::Terminated), "{error}");
    });
    std::fs::remove_file(note).unwrap();
}
