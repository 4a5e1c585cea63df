//! Failures of workers on this machine.

use core::time::Duration;
use std::process::Command;

use execnet::{BootstrapErrorKind, Group, Outcome, ReceiveError, Value};
use execnet_test_support::{LONG, eventually, is_running, pid, quiet, receive, signal};

use crate::Fault;
use crate::support::{failure, impostor, killed, start_fails};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "popen",
        what: "the program exits before it answers",
        outcome: "`BootstrapError`, kind `Ended`, with its exit status",
        check: || {
            let error = start_fails("popen//python=sh -c 'exit 3'", Duration::MAX);
            assert_eq!(error.kind(), BootstrapErrorKind::Ended);
            assert_eq!(error.exit().unwrap().code(), Some(3));
        },
    },
    Fault {
        link: "popen",
        what: "SIGKILL before the answer",
        outcome: "`BootstrapError`, kind `Ended`, naming SIGKILL",
        check: || {
            let error = start_fails("popen//python=sh -c 'kill -9 $$'", Duration::MAX);
            assert_eq!(error.kind(), BootstrapErrorKind::Ended);
            assert!(error.to_string().contains("SIGKILL"), "{error}");
        },
    },
    Fault {
        link: "popen",
        what: "SIGSTOP before the answer",
        outcome: "`BootstrapError`, kind `TimedOut`, at the deadline; the process is killed",
        check: || {
            let error = start_fails(
                "popen//python=sh -c 'kill -STOP $$'",
                Duration::from_secs(1),
            );
            assert_eq!(error.kind(), BootstrapErrorKind::TimedOut);
        },
    },
    Fault {
        link: "popen",
        what: "endless garbage instead of the answer",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`, after 1 MiB",
        check: || {
            let error = start_fails("popen//python=sh -c 'exec yes'", Duration::MAX);
            assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
        },
    },
    Fault {
        link: "popen",
        what: "a line that is not an answer, then end of stream",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`, with the output",
        check: || {
            let error = start_fails(&impostor("hello"), Duration::MAX);
            assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput);
            assert_eq!(error.output().trim_end(), "hello from the impostor");
        },
    },
    Fault {
        link: "popen",
        what: "a malformed answer: a wrong length or a wrong value",
        outcome: "`BootstrapError`, kind `UnexpectedOutput`; the process is killed",
        check: || {
            for says in ["wrong-length", "wrong-value"] {
                let error = start_fails(&impostor(says), Duration::MAX);
                assert_eq!(error.kind(), BootstrapErrorKind::UnexpectedOutput, "{says}");
            }
        },
    },
    Fault {
        link: "popen",
        what: "end of stream within the answer",
        outcome: "`BootstrapError`, kind `Ended`",
        check: || {
            let error = start_fails(&impostor("half"), Duration::MAX);
            assert_eq!(error.kind(), BootstrapErrorKind::Ended);
        },
    },
    Fault {
        link: "popen",
        what: "SIGKILL of an idle worker",
        outcome: "`Disconnected`; its cause is a `WorkerExit` that names SIGKILL and holds the standard error",
        check: || killed("popen", "channel.receive()"),
    },
    Fault {
        link: "popen",
        what: "SIGKILL of the worker during a transfer",
        outcome: "the same, after all complete items",
        check: || killed("popen", "while 1: channel.send('x' * 100000)"),
    },
    Fault {
        link: "popen",
        what: "garbage between frames",
        outcome: "`Disconnected`; its cause is the malformed frame",
        check: || {
            let group = Group::with_options(quiet());
            let gateway = group.make_gateway("popen").unwrap();
            let source =
                "import os\nos.write(channel.gateway._out, b'\\xff' * 64)\nchannel.receive()";
            let channel = gateway.remote_exec(source).unwrap();
            assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
        },
    },
    Fault {
        link: "popen",
        what: "end of stream within a frame",
        outcome: "`Disconnected`; its cause is the incomplete frame",
        check: || {
            let group = Group::with_options(quiet());
            let gateway = group.make_gateway("popen").unwrap();
            let source = "import os\nos.write(channel.gateway._out, b'\\4\\0\\0\\0\\1\\0\\0\\1\\0half')\nos._exit(0)";
            let channel = gateway.remote_exec(source).unwrap();
            match failure(&channel) {
                ReceiveError::Disconnected(lost) => {
                    assert!(lost.to_string().contains("256"), "{lost}")
                }
                other => panic!("{other:?}"),
            }
        },
    },
    Fault {
        link: "popen",
        what: "SIGSTOP of the worker during a transfer, later SIGCONT",
        outcome: "`Timeout` of the receive at its own deadline; all items arrive after the SIGCONT",
        check: stopped_and_continued,
    },
    Fault {
        link: "popen",
        what: "SIGSTOP of the worker, then `terminate`",
        outcome: "`Outcome::Killed` at the deadline of `terminate`",
        check: || {
            let group = Group::with_options(quiet());
            let gateway = group.make_gateway("popen").unwrap();
            let source = "import os, signal\nchannel.send(os.getpid())\nos.kill(os.getpid(), signal.SIGSTOP)";
            let channel = gateway.remote_exec(source).unwrap();
            let pid = receive(&channel).as_i64().unwrap();
            let reports = group.terminate_timeout(Duration::from_millis(300));
            assert!(
                matches!(reports[0].outcome, Outcome::Killed(_)),
                "{reports:?}"
            );
            assert!(!is_running(pid));
        },
    },
    Fault {
        link: "popen",
        what: "the disk of the worker's machine is full",
        outcome: "`RemoteError` with Python's `OSError`; the gateway stays usable",
        check: full_disk,
    },
    Fault {
        link: "popen",
        what: "the worker has no file descriptors left",
        outcome: "`RemoteError` with Python's `OSError`; the gateway stays usable",
        check: || {
            let source = "import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n\
                          while 1: os.open('/dev/null', os.O_RDONLY)";
            refused_and_still_serves(source, "Too many open files");
        },
    },
];

/// The code fails with this text, and other code runs after it.
fn refused_and_still_serves(source: &str, text: &str) {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway("popen").unwrap();
    let channel = gateway.remote_exec(source).unwrap();
    match failure(&channel) {
        ReceiveError::Remote(error) => assert!(error.text().contains(text), "{error}"),
        other => panic!("{other:?}"),
    }
    pid(&gateway);
}

fn full_disk() {
    let place = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(place.path())
        .output();
    match mounted {
        Ok(output) if output.status.success() => {}
        other => {
            return println!("skipped: a full disk, as no small one can be mounted: {other:?}");
        }
    }
    let source = format!(
        "with open('{}/file', 'wb') as file: file.write(b'x' * 1000000)",
        place.path().display()
    );
    refused_and_still_serves(&source, "No space left on device");
    let unmounted = Command::new("umount").arg(place.path()).status();
    assert!(unmounted.unwrap().success());
}

fn stopped_and_continued() {
    const ITEMS: i64 = 2000;
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway("popen").unwrap();
    let worker = pid(&gateway);
    let half = ITEMS / 2;
    let source = format!(
        "
        import os, signal
        for n in range({ITEMS}):
            if n == {half}:
                os.kill(os.getpid(), signal.SIGSTOP)
            channel.send([n, 'x' * 1000])
        "
    );
    let channel = gateway.remote_exec(&source).unwrap();
    let next = |seen: i64| {
        let item = receive(&channel);
        assert!(matches!(item, Value::List(pair) if pair[0] == seen));
    };
    (0..half).for_each(next);
    let early = channel.receive_timeout(Duration::from_millis(200));
    assert!(matches!(early, Err(ReceiveError::Timeout)), "{early:?}");
    eventually("the worker is stopped", LONG, || is_stopped(worker));
    signal("CONT", worker);
    (half..ITEMS).for_each(next);
}

fn is_stopped(pid: i64) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output();
    state.unwrap().stdout.starts_with(b"T")
}
