//! `execnet exec`, run as the real program with a real Python.
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

mod support;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use support::{DEADLINE, Finished, Running, execnet, run, run_with, until, wait_until_gone};

#[test]
fn prints_each_item_as_a_literal() {
    let code = "for item in (1, 'a', None, [1.5, (b'x',)], {'k': {1}}): channel.send(item)";
    let expected = "1\n'a'\nNone\n[1.5, (b'x',)]\n{'k': {1}}\n";
    assert_eq!(run(&["exec", "popen", code], 0).out, expected);
}

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

#[test]
fn prints_json() {
    let code = "channel.send({'k': [1, None]}); channel.send('x\\ny')";
    assert_eq!(
        run(&["exec", "popen", code, "--json"], 0).out,
        "{\"k\":[1,null]}\n\"x\\ny\"\n"
    );
}

#[test]
fn sends_values_in_order() {
    let code = "channel.send([channel.receive() for _ in range(3)])";
    let sent = ["--send", "-1", "--send", "('a', b'b')", "--send", "None"];
    let arguments = [&["exec", "popen", code][..], &sent].concat();
    assert_eq!(run(&arguments, 0).out, "[-1, ('a', b'b'), None]\n");
}

/// The loop had no end.
#[test]
fn the_items_end_after_the_last_value() {
    let code = "channel.send([item for item in channel]); channel.send('end')";
    let arguments = ["exec", "popen", code, "--send", "1", "--send", "'a'"];
    assert_eq!(run(&arguments, 0).out, "[1, 'a']\n'end'\n");
}

#[test]
fn a_file_is_decoded_as_python_does() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let text = "channel.send('\u{f6}')\n\nraise ValueError('here')\n";
    let latin = |coding: &str| {
        let text = text.chars().map(|c| u8::try_from(c).unwrap());
        [coding.as_bytes(), &text.collect::<Vec<_>>()].concat()
    };
    for (source, line) in [
        (format!("\u{feff}{text}").into_bytes(), 3),
        (format!("# coding: utf-8\n{text}").into_bytes(), 4),
        (latin("# coding: latin-1\n"), 4),
        (latin("#!python\n# vim: fileencoding=cp1252\n"), 5),
    ] {
        std::fs::write(path, source).unwrap();
        let finished = run(&["exec", "popen", "--file", path], 1);
        assert_eq!(finished.out, "'\u{f6}'\n");
        finished.tells(&format!("File \"{path}\", line {line}"));
    }
    std::fs::write(path, latin("")).unwrap();
    run(&["exec", "popen", "--file", path], 2).tells(path);
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
fn reads_the_code_from_standard_input() {
    assert_eq!(
        run_with(&["exec", "popen", "-"], b"channel.send(7)\n", 0).out,
        "7\n"
    );
}

#[test]
fn reads_the_code_from_a_file_that_tracebacks_name() {
    let file = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
    std::fs::write(file.path(), "channel.send(7)\n\nraise ValueError('here')\n").unwrap();
    let path = file.path().to_str().unwrap();
    let finished = run(&["exec", "popen", "--file", path], 1);
    assert_eq!(finished.out, "7\n");
    finished
        .tells(&format!("File \"{path}\", line 3"))
        .tells("ValueError: here");
}

#[test]
fn a_remote_exception_shows_its_traceback() {
    let finished = run(&["exec", "popen", "channel.send(1); 1/0"], 1);
    assert_eq!(finished.out, "1\n");
    finished.tells("Traceback").tells("ZeroDivisionError");
}

#[test]
fn control_characters_in_a_traceback_are_escaped() {
    let finished = run(&["exec", "popen", "raise ValueError('\\x1b[2J\\rX')"], 1);
    assert!(
        !finished.err.contains(['\u{1b}', '\r']),
        "{:?}",
        finished.err
    );
    finished.tells("ValueError").tells("[2J");
}

#[test]
fn usage_errors() {
    run(&["exec"], 2);
    run(&["exec", "popen"], 2);
    run(&["exec", "popen", "1", "--file", "x.py"], 2);
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
fn an_invalid_spec_is_a_usage_error() {
    for spec in ["popen//popen", "popen//_x=1", "", "hello"] {
        run(&["exec", spec, "1"], 2);
    }
}

#[test]
fn a_missing_interpreter_is_a_gateway_failure() {
    run(&["exec", "popen//python=/no/such/python", "1"], 3).tells("/no/such/python");
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
    run(&["exec", "popen", "import os; os._exit(7)"], 3).tells("7");
}

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

#[test]
fn a_closed_standard_output_ends_the_run_quietly() {
    let code = "import os\nchannel.send(os.getpid())\nwhile True: channel.send('x' * 1000)";
    let mut running = Running::start(&["exec", "popen", code]);
    let worker = running.first_number();
    drop(running.0.stdout.take());
    let (code, err) = running.finish();
    assert_eq!((code, err.as_str()), (Some(141), ""));
    wait_until_gone(worker);
}

#[test]
fn items_are_printed_as_they_come() {
    let code = "channel.send(1); channel.receive()";
    let mut running = Running::start(&[
        "exec",
        "popen",
        code,
        "--timeout",
        &DEADLINE.as_secs().to_string(),
    ]);
    assert_eq!(running.first_number(), 1);
}

/// It was not shown at all.
#[test]
fn output_of_remote_code_goes_to_standard_error() {
    let finished = run(&["exec", "popen", "print('hello'); channel.send(2)"], 0);
    assert_eq!(finished.out, "2\n");
    assert_eq!(finished.err, "[gw0] hello\n");
}

#[test]
fn output_of_remote_code_is_shown_immediately() {
    let mut running = Running::start(&["exec", "popen", "print('hello'); channel.receive()"]);
    assert_eq!(running.error_lines().next().unwrap(), "[gw0] hello");
}

/// Control characters and direction marks, in items, output and tracebacks.
#[test]
fn control_characters_of_a_worker_are_escaped_everywhere() {
    let code = "import sys\nbad = chr(27) + '[2J' + chr(0x202e) + chr(0x2066) + chr(13) + 'X'\n\
                print(bad); sys.stderr.write(bad)\nchannel.send({bad: bad})\nraise ValueError(bad)";
    for json in [&[][..], &["--json"]] {
        let arguments = [
            &["exec", "popen//env:PYTHONIOENCODING=utf-8", code][..],
            json,
        ];
        let finished = run(&arguments.concat(), 1);
        for text in [&finished.out, &finished.err] {
            let controls =
                |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}".contains(c));
            assert!(!text.contains(controls), "{text:?}");
        }
        // One printed, one written to stderr, one in the traceback.
        assert!(finished.err.matches("[2J").count() >= 3, "{}", finished.err);
        assert_eq!(finished.out.matches("[2J").count(), 2, "{}", finished.out);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let full = || std::fs::File::create("/dev/full").unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("value");
    std::fs::write(&file, run(&["dumps", "[1, 2]"], 0).stdout).unwrap();
    let (file, to) = (file.to_str().unwrap(), place.path().join("to"));
    for arguments in [
        &["exec", "popen", "channel.send(1)"][..],
        &["dumps", "1"],
        &["loads", file],
        &["inspect", file],
        &["rsync", file, "--to", "popen", to.to_str().unwrap()],
    ] {
        let (code, err) = Running::start_with(arguments, full()).finish();
        assert_eq!(code, Some(1), "{arguments:?}: {err}");
        assert!(err.contains("standard output"), "{arguments:?}: {err}");
    }
}

/// All items were kept in memory.
#[test]
fn remote_code_waits_for_a_slow_reader() {
    const ITEMS: u64 = 10_000;
    let place = tempfile::tempdir().unwrap();
    let progress = place.path().join("progress");
    let code = format!(
        "with open({progress:?}, 'wb', 0) as progress:\n    for _ in range({ITEMS}):\n        \
         channel.send(b'x' * 65536)\n        progress.write(b'.')"
    );
    let _running = Running::start(&["exec", "popen", &code]);
    let sent = || progress.metadata().map_or(0, |file| file.len());
    let (mut last, mut still) = (0, 0);
    // The code blocks, or everything was read without bound.
    let sent = until(|| {
        let now = sent();
        still = if now == last { still + 1 } else { 0 };
        last = now;
        (now > 0 && still == 100 || now == ITEMS).then_some(now)
    });
    assert!(
        sent < ITEMS / 10,
        "{sent} of {ITEMS} items of 64 KiB were taken"
    );
}

#[test]
fn prints_a_walk_of_many_directories() {
    let code =
        "import os; [channel.send((r, d, f)) for r, d, f in os.walk(os.path.dirname(os.__file__))]";
    let lines = run(&["exec", "popen", code], 0).out;
    assert!(lines.lines().count() > 10, "{lines}");
    assert!(
        lines
            .lines()
            .all(|line| line.starts_with("('") && line.ends_with("])"))
    );
}

/// Code that creates a lock file, and removes it when it ends.
fn locks(lock: &Path) -> String {
    format!(
        "import os, time\nopen({lock:?}, 'w').close()\ntry:\n    channel.send(os.getpid())\n    time.sleep(1000)\n\
         finally:\n    os.remove({lock:?})\n    channel.send('cleaned')\n"
    )
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

#[test]
fn the_timeout_runs_the_finally_clauses_of_remote_code() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let finished = run_until_timeout(&locks(&lock), &[], 124);
    assert_eq!(finished.out.lines().last(), Some("'cleaned'"));
    assert!(!lock.exists());
    finished.tells("timed out");
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
