//! Processes that remote code starts over ssh, and when they end.

use core::time::Duration;
use std::time::Instant;
use std::{fs, thread};

use execnet::{Grace, Group, Outcome};
use execnet_test_support::{LONG, is_running, quiet, receive, signal};
use execnet_tests::sshd::login_shells;

use crate::with_sshd;

/// Starts a process that keeps the standard error of the worker open, and ignores signals.
const START_PROCESS: &str = "
import signal, subprocess, time
command = 'trap \"\" INT TERM HUP; while :; do sleep 0.5; done'
channel.send(subprocess.Popen(['sh', '-c', command]).pid)
";

/// Runs the code above and this in a worker, and terminates the worker, which has this much time to leave by itself.
/// Returns its outcome, and whether the process is still running; it is killed then.
fn terminate(spec: &str, code: &str, grace: Duration) -> (Outcome, bool) {
    let options = quiet().with_grace(Grace::new().with_interrupt(grace).with_leave(grace));
    let group = Group::with_options(options);
    let gateway = group.make_gateway(spec).unwrap();
    let source = format!("{START_PROCESS}{code}");
    let channel = gateway.remote_exec(&source).unwrap();
    let pid = receive(&channel).as_i64().unwrap();
    let outcome = group.terminate_timeout(LONG).remove(0).outcome;
    // A worker that did not leave in time ends after its link does.
    let deadline = Instant::now() + LONG / 3;
    while is_running(pid) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    let survived = is_running(pid);
    if survived {
        signal("KILL", pid);
    }
    (outcome, survived)
}

/// The login shell leads the process group, not the worker; and ssh stays until standard error is closed.
#[test]
fn processes_of_remote_code_end_with_the_worker_under_every_login_shell() {
    with_sshd("processes over ssh", |sshd| {
        for shell in login_shells() {
            let (outcome, survived) = terminate(&sshd.spec_in_shell(shell), "", LONG);
            assert!(
                matches!(outcome, Outcome::Exited(exit) if exit.success()) && !survived,
                "{shell}: {outcome:?}, the process survives: {survived}"
            );
        }
    });
}

#[test]
fn processes_of_remote_code_end_with_a_worker_that_is_stuck() {
    with_sshd("processes of a stuck worker over ssh", |sshd| {
        let code = "signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(0.01)";
        let (outcome, survived) = terminate(&sshd.spec("box"), code, Duration::from_millis(50));
        assert!(!survived, "{outcome:?}, the process survives");
    });
}

/// A login shell may start programs of its user, which are in the same process group as the worker.
#[test]
fn a_program_that_the_login_shell_started_survives_the_worker() {
    with_sshd("a program of the login shell", |sshd| {
        let home = tempfile::tempdir().unwrap();
        let (shell, note) = (home.path().join("shell"), home.path().join("pid"));
        // Start times of processes are in hundredths of a second.
        let script = format!(
            "sleep 1000 <&- >&- 2>&- &\necho $! >{}\nsleep 0.1\nsh \"$@\"\nexit $?\n",
            note.display()
        );
        fs::write(&shell, script).unwrap();
        let spec = sshd.spec_in_shell(&format!("sh {}", shell.display()));
        let (outcome, survived) = terminate(&spec, "", LONG);
        let pid = fs::read_to_string(note).unwrap().trim().parse().unwrap();
        let stays = is_running(pid);
        signal("KILL", pid);
        assert!(
            stays && !survived,
            "{outcome:?}, the process survives: {survived}"
        );
    });
}
