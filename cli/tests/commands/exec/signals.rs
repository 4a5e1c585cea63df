//! The end by a signal: SIGINT, SIGTERM, SIGHUP and SIGQUIT leave no process.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use super::locks;
use crate::support::{Running, wait_until_gone};

#[test]
fn an_interrupt_ends_the_worker() {
    for (signal, status) in [
        (rustix::process::Signal::INT, 130),
        (rustix::process::Signal::TERM, 143),
    ] {
        let code = "import os, time; channel.send(os.getpid()); time.sleep(1000)";
        let mut running = Running::start(&["exec", "popen", code]);
        let worker = running.first_number();
        rustix::process::kill_process(running.pid(), signal).unwrap();
        let (code, err) = running.finish();
        assert_eq!(code, Some(status), "{err}");
        wait_until_gone(worker);
    }
}

/// The worker was killed at once, and the lock file stayed.
#[test]
fn an_interrupt_runs_the_finally_clauses_of_remote_code() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = tempfile::tempdir().unwrap();
        let lock = place.path().join("lock");
        let mut running = Running::start(&["exec", "popen", &locks(&lock)]);
        let mut lines = running.lines();
        let worker = lines.next().unwrap().parse().unwrap();
        assert!(lock.exists());
        rustix::process::kill_process(running.pid(), signal).unwrap();
        assert_eq!(lines.collect::<Vec<_>>(), ["'cleaned'"]);
        let (code, err) = running.finish();
        assert_eq!(code, Some(status), "{err}");
        assert!(!lock.exists());
        wait_until_gone(worker);
    }
}

/// Python discards an interrupt that is raised in a destructor.
#[test]
fn an_interrupt_reaches_code_that_waits_in_destructors() {
    let code = "import os, time\nclass Slow:\n    def __del__(self): time.sleep(1000)\n\
                channel.send(os.getpid())\ntry:\n    for _ in range(3): Slow()\nfinally:\n    channel.send('cleaned')\n";
    let mut running = Running::start(&["exec", "popen", code, "--grace", "50"]);
    let mut lines = running.lines();
    lines.next().unwrap();
    rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
    assert_eq!(lines.collect::<Vec<_>>(), ["'cleaned'"]);
    let (code, err) = running.finish();
    assert_eq!(code, Some(130), "{err}");
}

const DEAF: &str = "import os, signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                    channel.send(os.getpid())\ntime.sleep(1000)";

#[test]
fn a_second_interrupt_kills_at_once() {
    let mut running = Running::start(&["exec", "popen", DEAF, "--grace", "1000"]);
    let worker = running.first_number();
    let mut errors = running.error_lines();
    rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
    assert!(errors.next().unwrap().contains("interrupted"));
    rustix::process::kill_process(running.pid(), Signal::INT).unwrap();
    let told: Vec<_> = errors.collect();
    assert!(told.iter().any(|line| line.contains("killed")), "{told:?}");
    assert_eq!(running.status(), Some(137));
    wait_until_gone(worker);
}

#[test]
fn a_worker_that_outlives_the_grace_time_is_killed_and_reported() {
    let mut running = Running::start(&["exec", "popen", DEAF, "--grace", "0.5"]);
    let worker = running.first_number();
    rustix::process::kill_process(running.pid(), Signal::TERM).unwrap();
    let (code, err) = running.finish();
    assert_eq!(code, Some(137), "{err}");
    assert!(err.contains("killed"), "{err}");
    wait_until_gone(worker);
}

/// Starts the program with an ssh client that runs commands on this machine, and with an empty directory for temporary files.
#[cfg(target_os = "linux")]
fn with_own_ssh(place: &Path, arguments: &[&str]) -> Running {
    let ssh = place.join("ssh");
    let script = "#!/bin/sh\ncase $1 in -V|-O) exit ;; esac\nfor command; do :; done\nexec sh -c \"$command\"\n";
    std::fs::write(&ssh, script).unwrap();
    std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(place.join("tmp")).unwrap();
    let path = format!("{}:{}", place.display(), std::env::var("PATH").unwrap());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_execnet"));
    command
        .args(arguments)
        .env("PATH", path)
        .env("TMPDIR", place.join("tmp"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running(command.spawn().unwrap())
}

/// The worker and its child ran on until the link ended, and the directory of the shared ssh connection stayed.
#[cfg(target_os = "linux")]
#[test]
fn sighup_and_sigquit_leave_no_process_and_no_files() {
    let code = "import subprocess, time\nchannel.send(subprocess.Popen(['sleep', '1000']).pid)\n\
                while True: time.sleep(1000)";
    for signal in [Signal::HUP, Signal::QUIT] {
        let place = tempfile::tempdir().unwrap();
        let mut running = with_own_ssh(place.path(), &["exec", "ssh=box", code]);
        let process = running.first_number();
        rustix::process::kill_process(running.pid(), signal).unwrap();
        let (status, err) = running.finish();
        assert!(status.is_some(), "{signal:?}: ended by the signal: {err}");
        wait_until_gone(process);
        let left = std::fs::read_dir(place.path().join("tmp")).unwrap().count();
        assert_eq!(left, 0, "{signal:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_under_nohup_survives_its_terminal() {
    let place = tempfile::tempdir().unwrap();
    let gate = place.path().join("gate");
    let code = format!(
        "import os, time\nchannel.send(1)\nwhile not os.path.exists({gate:?}): time.sleep(0.01)\nchannel.send(2)"
    );
    let mut command = std::process::Command::new("nohup");
    command
        .args([env!("CARGO_BIN_EXE_execnet"), "exec", "popen", &code])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    assert_eq!(running.first_line(), "1");
    rustix::process::kill_process(running.pid(), Signal::HUP).unwrap();
    std::fs::write(&gate, "").unwrap();
    assert_eq!(running.finish().0, Some(0));
}
