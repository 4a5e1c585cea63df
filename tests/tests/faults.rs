//! What goes wrong, and what a program then sees: each in time, with nothing left running.
//!
//! `docs/reliability.md` is the table of this suite. `EXECNET_WRITE_DOCS=1 cargo test -p execnet-tests --test faults`
//! writes it; without that, the suite checks that it is what would be written.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::fmt::Write as _;
use core::time::Duration;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use execnet::{
    BootstrapError, Cause, Channel, Gateway, Group, GroupOptions, Listen, MakeGatewayError,
    Outcome, ReceiveError, Server, ServerOptions, WorkerExit,
};
use execnet_tests::certificates::Certificates;
use execnet_tests::sshd::Sshd;
use execnet_tests::support::{LONG, eventually, is_running, quiet, receive, signal, within};

/// From the fault to the error, on a machine that has other work too.
const SOON: Duration = Duration::from_secs(10);

struct Fault {
    link: &'static str,
    what: &'static str,
    outcome: &'static str,
    /// Makes it happen, and checks the outcome.
    check: fn(),
}

const FAULTS: &[Fault] = &[
    Fault {
        link: "popen",
        what: "the program ends before it has answered",
        outcome: "`BootstrapError`, cause `Died`, with its exit status",
        check: || {
            let error = start_fails("popen//python=sh -c 'exit 3'", Duration::MAX);
            assert_eq!(error.cause(), Cause::Died);
            assert_eq!(error.exit().unwrap().code(), Some(3));
        },
    },
    Fault {
        link: "popen",
        what: "SIGKILL before the answer",
        outcome: "`BootstrapError`, cause `Died`, naming SIGKILL",
        check: || {
            let error = start_fails("popen//python=sh -c 'kill -9 $$'", Duration::MAX);
            assert_eq!(error.cause(), Cause::Died);
            assert!(error.to_string().contains("SIGKILL"), "{error}");
        },
    },
    Fault {
        link: "popen",
        what: "SIGSTOP before the answer",
        outcome: "`BootstrapError`, cause `TimedOut`, at the deadline; the process is killed",
        check: || {
            let error = start_fails(
                "popen//python=sh -c 'kill -STOP $$'",
                Duration::from_secs(1),
            );
            assert_eq!(error.cause(), Cause::TimedOut);
        },
    },
    Fault {
        link: "popen",
        what: "endless junk in place of the answer",
        outcome: "`BootstrapError`, cause `Noise`, after 1 MiB",
        check: || {
            let error = start_fails("popen//python=sh -c 'exec yes'", Duration::MAX);
            assert_eq!(error.cause(), Cause::Noise);
        },
    },
    Fault {
        link: "popen",
        what: "SIGKILL of an idle worker",
        outcome: "`Disconnected`, its cause a `WorkerExit` that names SIGKILL and holds the standard error",
        check: || killed("popen", "channel.receive()"),
    },
    Fault {
        link: "popen",
        what: "SIGKILL of the worker in the midst of a transfer",
        outcome: "the same, after the items that came whole",
        check: || killed("popen", "while 1: channel.send('x' * 100000)"),
    },
    Fault {
        link: "popen",
        what: "junk between frames",
        outcome: "`Disconnected`, the frame that is not read",
        check: || {
            let group = Group::with_options(quiet());
            let gateway = group.makegateway("popen").unwrap();
            let source =
                "import os\nos.write(channel.gateway._out, b'\\xff' * 64)\nchannel.receive()";
            let channel = gateway.remote_exec(source).unwrap();
            assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
        },
    },
    Fault {
        link: "popen",
        what: "SIGSTOP of the worker, then the end of the group",
        outcome: "`Outcome::Killed` at the deadline of `terminate`",
        check: || {
            let group = Group::with_options(quiet());
            let gateway = group.makegateway("popen").unwrap();
            let source = "import os, signal\nchannel.send(os.getpid())\nos.kill(os.getpid(), signal.SIGSTOP)";
            let channel = gateway.remote_exec(source).unwrap();
            let pid = receive(&channel).as_i64().unwrap();
            let reports = group.terminate(Some(Duration::from_millis(300)));
            assert!(
                matches!(reports[0].outcome, Outcome::Killed(_)),
                "{reports:?}"
            );
            assert!(!is_running(pid));
        },
    },
    Fault {
        link: "popen",
        what: "a full disk on the worker's side",
        outcome: "`RemoteError` with Python's `OSError`; the gateway goes on",
        check: full_disk,
    },
    Fault {
        link: "popen",
        what: "the worker has no descriptor left",
        outcome: "`RemoteError` with Python's `OSError`; the gateway goes on",
        check: || {
            let source = "import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\n\
                          while 1: os.open('/dev/null', os.O_RDONLY)";
            refused_and_goes_on(source, "Too many open files");
        },
    },
    Fault {
        link: "via",
        what: "SIGKILL of the gateway in the middle",
        outcome: "`Disconnected` on both; the far worker leaves by itself",
        check: || {
            let (group, middle, far) = behind();
            let channel = group.remote_exec("channel.receive()").unwrap();
            signal("KILL", middle);
            for channel in &channel {
                assert!(matches!(failure(channel), ReceiveError::Disconnected(_)));
            }
            eventually("the far worker has left", LONG, || !is_running(far));
        },
    },
    Fault {
        link: "via",
        what: "SIGSTOP of the gateway in the middle, then the end of the group",
        outcome: "`Outcome::Killed`, and `Closed` or `LeftBehind` for the far worker, which leaves by itself",
        check: || {
            let (group, middle, far) = behind();
            signal("STOP", middle);
            let reports = group.terminate(Some(Duration::from_millis(300)));
            assert!(
                matches!(reports[0].outcome, Outcome::Killed(_)),
                "{reports:?}"
            );
            eventually("both are gone", LONG, || {
                !is_running(middle) && !is_running(far)
            });
        },
    },
    Fault {
        link: "TLS",
        what: "SIGKILL of the far worker in the midst of a transfer",
        outcome: "`Disconnected` after the items that came whole; a server does not tell how its worker ended",
        check: killed_behind_tls,
    },
    Fault {
        link: "ssh",
        what: "SIGSTOP of the ssh client, then the end of the group",
        outcome: "`Outcome::Killed` at the deadline of `terminate`; the far worker leaves by itself",
        check: || with_sshd(client_stopped),
    },
    Fault {
        link: "ssh",
        what: "SIGKILL of the far worker",
        outcome: "as of a worker here: `WorkerExit` names the signal",
        check: || with_sshd(|sshd| killed(&sshd.spec("box"), "channel.receive()")),
    },
    Fault {
        link: "ssh",
        what: "SIGKILL of the ssh client in the midst of a transfer",
        outcome: "`Disconnected`, `WorkerExit` naming SIGKILL; the far worker leaves by itself",
        check: || with_sshd(client_killed),
    },
    Fault {
        link: "ssh",
        what: "the host lets us in, and nothing answers",
        outcome: "`BootstrapError`, cause `TimedOut`, at the deadline",
        check: || {
            with_sshd(|sshd| {
                let error = start_fails(&sshd.spec("mute"), Duration::from_secs(2));
                assert_eq!(error.cause(), Cause::TimedOut);
            });
        },
    },
];

fn with_sshd(test: impl FnOnce(&Sshd)) {
    match Sshd::start() {
        Ok(sshd) => test(&sshd),
        Err(reason) => println!("skipped: {reason}"),
    }
}

fn start_fails(spec: &str, patience: Duration) -> Box<BootstrapError> {
    let mut options: GroupOptions = quiet();
    options.bootstrap_timeout = patience.min(options.bootstrap_timeout);
    match Group::with_options(options).makegateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => error,
        other => panic!("{spec}: {other:?}"),
    }
}

fn failure(channel: &Channel) -> ReceiveError {
    loop {
        if let Err(error) = channel.receive_timeout(SOON) {
            return error;
        }
    }
}

fn names_sigkill(error: &ReceiveError) -> bool {
    let ReceiveError::Disconnected(lost) = error else {
        return false;
    };
    let exit = lost
        .cause()
        .and_then(|cause| cause.downcast_ref::<WorkerExit>());
    exit.is_some_and(|exit| exit.exit().is_some_and(|exit| exit.signal() == Some(9)))
}

fn killed(spec: &str, then: &str) {
    let group = Group::with_options(quiet());
    let gateway = group.makegateway(spec).unwrap();
    let source = format!("import os\nchannel.send(os.getpid())\n{then}");
    let channel = gateway.remote_exec(&source).unwrap();
    let pid = receive(&channel).as_i64().unwrap();
    signal("KILL", pid);
    let error = failure(&channel);
    assert!(names_sigkill(&error), "{error:?}");
    assert!(!is_running(pid));
}

/// A gateway over ssh that sends without end: its group, the channel, and the far worker and the client.
fn over_ssh(sshd: &Sshd) -> (Group, Channel, i64, i64) {
    let mut options = quiet();
    options.share_ssh = false;
    let group = Group::with_options(options);
    let gateway = group.makegateway(sshd.spec("box")).unwrap();
    let source = "import os\nchannel.send(os.getpid())\nwhile 1: channel.send('x' * 100000)";
    let channel = gateway.remote_exec(source).unwrap();
    let pid = receive(&channel).as_i64().unwrap();
    let ours = std::process::id().to_string();
    let found = Command::new("pgrep")
        .args(["-P", &ours, "-x", "ssh"])
        .output();
    let client = String::from_utf8_lossy(&found.unwrap().stdout)
        .trim()
        .parse();
    (group, channel, pid, client.unwrap())
}

fn client_stopped(sshd: &Sshd) {
    let (group, _channel, pid, client) = over_ssh(sshd);
    signal("STOP", client);
    let reports = group.terminate(Some(Duration::from_millis(300)));
    assert!(
        matches!(reports[0].outcome, Outcome::Killed(_)),
        "{reports:?}"
    );
    assert!(!is_running(client));
    eventually("the far worker has left", LONG, || !is_running(pid));
}

/// A group of two, of which one is behind the other, and the processes of both.
fn behind() -> (Group, i64, i64) {
    let group = Group::with_options(quiet());
    group.makegateway("popen//id=middle").unwrap();
    group.makegateway("popen//via=middle").unwrap();
    let pids: Vec<i64> = (&group).into_iter().map(|gateway| pid(&gateway)).collect();
    (group, pids[0], pids[1])
}

fn pid(gateway: &Gateway) -> i64 {
    let source = "import os; channel.send(os.getpid())";
    let channel = gateway.remote_exec(source).unwrap();
    receive(&channel).as_i64().unwrap()
}

/// The code fails with this text, and other code runs after it.
fn refused_and_goes_on(source: &str, text: &str) {
    let group = Group::with_options(quiet());
    let gateway = group.makegateway("popen").unwrap();
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
    refused_and_goes_on(&source, "No space left on device");
    let unmounted = Command::new("umount").arg(place.path()).status();
    assert!(unmounted.unwrap().success());
}

fn killed_behind_tls() {
    let certificates = Certificates::make();
    let listen = Listen::Tls {
        address: "127.0.0.1:0".parse().unwrap(),
        files: certificates.server(),
        token: None,
    };
    let server = Server::bind(listen, ServerOptions::default()).unwrap();
    let (spec, stop) = (certificates.spec(&server.spec()), server.stop_handle());
    std::thread::scope(|scope| {
        scope.spawn(|| server.run());
        let group = Group::with_options(quiet());
        let gateway = group.makegateway(spec).unwrap();
        let worker = pid(&gateway);
        let source = "while 1: channel.send('x' * 100000)";
        let channel = gateway.remote_exec(source).unwrap();
        let _ = receive(&channel);
        signal("KILL", worker);
        assert!(matches!(failure(&channel), ReceiveError::Disconnected(_)));
        stop.stop();
    });
}

fn client_killed(sshd: &Sshd) {
    let (_group, channel, pid, client) = over_ssh(sshd);
    signal("KILL", client);
    let error = failure(&channel);
    assert!(names_sigkill(&error), "{error:?}");
    eventually("the far worker has left", LONG, || !is_running(pid));
}

#[test]
fn every_fault_ends_in_its_error_in_time() {
    for fault in FAULTS {
        let name = format!("{}: {}", fault.link, fault.what);
        let started = Instant::now();
        within(&name, 2 * LONG, fault.check);
        println!("{name}: {:?}", started.elapsed());
    }
}

#[test]
fn the_page_is_the_table_of_this_suite() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = page();
    if env::var_os("EXECNET_WRITE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    } else {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, page, "run this with EXECNET_WRITE_DOCS=1");
    }
}

fn page() -> String {
    let mut page = String::from(
        "# What goes wrong, and what a program sees\n\n\
         Each line is a test of `tests/tests/faults.rs`, which writes this page:\n\n\
         ```sh\nEXECNET_WRITE_DOCS=1 cargo test -p execnet-tests --test faults\n```\n\n\
         Every fault ends in its error without waiting for more than the deadline that is named, with no process left \
         running. What is not in the table has not been tried.\n\n\
         Many gateways at once, with much going through them, are a test of `tests/tests/many.rs`; 200 of them and 500 MB \
         need a machine that has nothing else to do:\n\n\
         ```sh\nEXECNET_LONG=1 cargo test --release -p execnet-tests --test many -- --nocapture\n```\n\n\
         | link | fault | what the program sees |\n|---|---|---|\n",
    );
    for fault in FAULTS {
        let Fault {
            link,
            what,
            outcome,
            ..
        } = fault;
        let _ = writeln!(page, "| {link} | {what} | {outcome} |");
    }
    page
}
