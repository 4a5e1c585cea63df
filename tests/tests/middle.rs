//! Gateways behind others: what the middle tells of the far side, whatever the middle is.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::error::Error as _;
use core::time::Duration;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use execnet::serializer::{Bytes, Dict};
use execnet::{
    BootstrapError, BootstrapErrorKind, Gateway, Group, GroupOptions, Listen, MakeGatewayError,
    Outcome, ReceiveError, Token, Value, WorkerExit, value,
};
use execnet_test_support::{LONG, Served, eventually, is_running, quiet, receive, signal, within};

const RUST: &str = concat!(
    "popen//id=a//worker=",
    env!("CARGO_BIN_EXE_own-worker"),
    " --execnet-worker"
);

/// Runs a test with a Python in the middle, and with a worker in Rust.
fn each_middle(test: fn(&Group)) {
    each_middle_with(quiet(), test);
}

fn each_middle_with(options: GroupOptions, test: fn(&Group)) {
    for middle in ["popen//id=a", RUST] {
        let options = options.clone();
        within(middle, LONG, move || {
            println!("{middle}");
            let group = Group::with_options(options);
            group.make_gateway(middle).unwrap();
            test(&group);
            for report in group.terminate_timeout(LONG) {
                assert!(!matches!(report.outcome, Outcome::Survived), "{report:?}");
            }
        });
    }
}

fn pid(gateway: &Gateway) -> i64 {
    let source = "import os; channel.send(os.getpid())";
    let pid = receive(&gateway.remote_exec(source).unwrap());
    pid.as_i64().unwrap()
}

fn lost(received: Result<execnet::Item, ReceiveError>) -> WorkerExit {
    match &received {
        Err(ReceiveError::Disconnected(error)) => {
            error.source().unwrap().downcast_ref().cloned().unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_end_of_the_far_process_is_told() {
    each_middle(|group| {
        let gateway = group.make_gateway("popen//via=a").unwrap();
        // As much as a pipe takes at once, or nearly: nobody has to read any of it before the end.
        let source = "
            import os
            os.write(2, b'last words\\n' * 5000 + b'.')
            os.kill(os.getpid(), 9)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let exit = lost(channel.receive_timeout(LONG));
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words\n".repeat(5000) + ".");
    });
}

#[test]
fn the_end_of_the_far_process_is_told_though_another_keeps_its_standard_error() {
    each_middle(|group| {
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let source = "
            import os, time
            heir = os.fork()
            if heir == 0:
                os.setsid()
                os.closerange(3, 256)
                while True:
                    time.sleep(1000)
            channel.send(heir)
            channel.receive()
            os.write(2, b'last words')
            os.kill(os.getpid(), 9)
        ";
        let channel = gateway.remote_exec(source).unwrap();
        let heir = receive(&channel).as_i64().unwrap();
        channel.send(()).unwrap();
        let exit = lost(channel.receive_timeout(LONG));
        signal("KILL", heir);
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words");
    });
}

/// The program of a proxy.
const PROXY: &str = include_str!("../../std-transport/src/python/proxy.py");

/// An acknowledgement goes through all gateways in front of the middle: with one for each frame, a round trip through a
/// chain would cost in proportion to the square of its length.
#[test]
fn the_middle_acknowledges_many_small_frames_together() {
    const FRAMES: usize = 1000;
    const FRAME: usize = 1000;
    each_middle(|group| {
        let middle = group.nth(0).unwrap();
        let launch = value!({"argv": ["cat"], "env": {}, "chdir": None, "terminate": false});
        let kwargs: Dict = [(value!("launches"), value!([launch]))]
            .into_iter()
            .collect();
        let call = middle.remote_exec_function(PROXY, "execnet_proxy", &kwargs);
        let call = call.unwrap();
        let (data, control) = (middle.new_channel().unwrap(), middle.new_channel().unwrap());
        call.send((&data, &control)).unwrap();
        for _ in 0..FRAMES {
            data.send(Bytes([b'x'; FRAME])).unwrap();
        }
        data.send(()).unwrap();
        let carried = data
            .iter()
            .map(|item| item.unwrap().as_bytes().unwrap().len());
        assert_eq!(carried.sum::<usize>(), FRAMES * FRAME);

        let acknowledged: Vec<usize> = control
            .iter()
            .filter_map(|event| wrote(&event.unwrap()))
            .collect();
        assert!(acknowledged.len() < FRAMES / 100, "{}", acknowledged.len());
        // Less than a step is left, far from the window of a controller.
        let left = FRAMES * FRAME - acknowledged.iter().sum::<usize>();
        assert!(left < (1 << 20) / 2, "{left}");
    });
}

/// The bytes that the middle acknowledges by an event.
fn wrote(event: &Value) -> Option<usize> {
    let Value::Tuple(parts) = event else {
        panic!("{event}")
    };
    let size = (parts[0] == value!("wrote")).then(|| parts[1].as_i64().unwrap())?;
    Some(usize::try_from(size).unwrap())
}

#[test]
fn what_cannot_be_started_is_told() {
    each_middle(|group| {
        for (spec, kind, told) in [
            (
                "popen//via=a//python=/no/such/python",
                BootstrapErrorKind::NoInterpreter,
                "tried /no/such/python\n",
            ),
            (
                "popen//via=a//python=/",
                BootstrapErrorKind::NotStarted,
                "denied",
            ),
            (
                "unix=/no/such/socket//via=a",
                BootstrapErrorKind::HostUnreachable,
                "No such file",
            ),
            (
                "tcp=127.0.0.1:1//via=a",
                BootstrapErrorKind::HostUnreachable,
                "refused",
            ),
        ] {
            match group.make_gateway(spec) {
                Err(MakeGatewayError::Bootstrap(error)) => {
                    assert_eq!(error.kind(), kind, "{error}");
                    assert!(error.to_string().contains(told), "{error}");
                }
                other => panic!("{spec}: {other:?}"),
            }
        }
        assert!(group.make_gateway("popen//via=a").is_ok());
    });
}

#[test]
fn a_stopped_far_side_is_killed_and_holds_nobody_up() {
    each_middle(|group| {
        let far = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&far);
        let channel = far.remote_exec("for item in channel: pass").unwrap();
        signal("STOP", stopped);
        // More than all pipes and the window take: this thread gets stuck.
        let sender = std::thread::spawn(move || {
            let piece = Value::Bytes(vec![0; 1 << 20]);
            (0..8).try_for_each(|_| channel.send(&piece)).is_err()
        });
        assert!(group.make_gateway("popen//via=a").is_ok());
        let reports = group.terminate_timeout(Duration::from_secs(1));
        assert!(
            matches!(reports[1].outcome, Outcome::Killed(Some(exit)) if exit.signal() == Some(9)),
            "{reports:?}"
        );
        assert!(sender.join().unwrap());
        eventually("the far worker is gone", LONG, || !is_running(stopped));
    });
}

#[test]
fn the_far_side_goes_with_its_middle() {
    each_middle(|group| {
        let far = group.make_gateway("popen//via=a").unwrap();
        let orphan = pid(&far);
        let channel = far.remote_exec("channel.receive()").unwrap();
        let info = group.get("a").unwrap().remote_info_timeout(LONG).unwrap();
        signal("KILL", i64::from(info.pid));
        assert!(matches!(
            channel.receive_timeout(LONG),
            Err(ReceiveError::Disconnected(_))
        ));
        eventually("the far worker is gone", LONG, || !is_running(orphan));
    });
}

#[test]
fn a_worker_is_installed_in_its_installer_or_beside_it() {
    each_middle(|group| {
        let gateway = group.make_gateway("socket//installvia=a//id=s1").unwrap();
        assert_eq!(gateway.id(), "s1");
        assert!(gateway.remote_status_timeout(LONG).is_ok());
        let installer = group.get("a").unwrap().remote_info_timeout(LONG).unwrap();
        let is_python = group.spec("a").unwrap().get("worker").is_none();
        assert_eq!(pid(&gateway) == i64::from(installer.pid), is_python);
        for spec in ["socket//installvia=nobody", "socket=h:1//installvia=a"] {
            assert!(
                matches!(group.make_gateway(spec), Err(MakeGatewayError::Spec(_))),
                "{spec}"
            );
        }
    });
}

/// The server saw the end of the input alone, and gave the worker its time.
#[cfg(target_os = "linux")]
#[test]
fn a_worker_of_a_server_is_killed_through_the_middle() {
    const FOR_EVER: Duration = Duration::from_secs(1000);
    // It does not leave by itself.
    let mut options = quiet();
    options.grace = options.grace.with_leave(FOR_EVER);
    each_middle_with(options, |group| {
        let directory = tempfile::tempdir().unwrap();
        let token_file = directory.path().join("token");
        let token = Token::generate().unwrap();
        token.write_to(&token_file).unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let keys = format!("//via=a//token_file={}", token_file.display());
        for (listen, keys) in [
            (
                Listen::Unix(directory.path().join("private/socket")),
                "//via=a",
            ),
            (Listen::Tcp { address, token }, keys.as_str()),
        ] {
            let served = Served::on(listen, |options| options.shutdown_grace = FOR_EVER);
            let gateway = group
                .make_gateway(format!("{}{keys}", served.spec))
                .unwrap();
            let source = "
                import os, signal, time
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                channel.send(os.getpid())
                time.sleep(1000)
            ";
            let channel = gateway.remote_exec(source).unwrap();
            let worker = receive(&channel).as_i64().unwrap();
            gateway.kill();
            eventually(&served.spec, LONG, || !is_running(worker));
        }
    });
}

#[test]
fn a_server_that_dies_behind_a_middle_is_a_closed_link() {
    each_middle(|group| {
        let mut served = Served::unix(|_| ());
        let gateway = group
            .make_gateway(format!("{}//via=a", served.spec))
            .unwrap();
        let channel = gateway.remote_exec("channel.receive()").unwrap();
        served.stop();
        let exit = lost(channel.receive_timeout(LONG));
        assert_eq!(exit.exit(), None);
    });
}

/// Each step had the whole time for itself. Either of these two takes less than that, both take more: a worker that
/// answers proves that they do not share it.
#[test]
fn the_steps_of_a_start_share_one_deadline() {
    const STEP: Duration = Duration::from_secs(4);
    let worker = format!(
        "python=sh -c 'sleep {}; exec python3 \"$@\"' sh",
        STEP.as_secs()
    );
    let start = move |middle: &str, way: &str| {
        let mut options = quiet();
        options.bootstrap_timeout = STEP + STEP / 4;
        let group = Group::with_options(options);
        let gateway = group.make_gateway(middle).unwrap();
        let pid = i64::from(gateway.remote_info_timeout(LONG).unwrap().pid);
        signal("STOP", pid);
        let error = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(STEP);
                signal("CONT", pid);
            });
            group.make_gateway(format!("{way}//{worker}")).unwrap_err()
        });
        match error {
            MakeGatewayError::Bootstrap(error) => {
                let error: &BootstrapError = &error;
                assert_eq!(error.kind(), BootstrapErrorKind::TimedOut, "{error}");
            }
            other => panic!("{middle} {way}: {other:?}"),
        }
    };
    // A guest in a Python starts no process, so that it has no second step to delay.
    let cases = [
        ("popen//id=a", "popen//via=a"),
        (RUST, "popen//via=a"),
        (RUST, "socket//installvia=a"),
    ];
    within("all starts", LONG, move || {
        thread::scope(|scope| {
            for (middle, way) in cases {
                scope.spawn(|| start(middle, way));
            }
        });
    });
}

/// The middle blocked in it for ever.
#[test]
fn a_connection_from_the_middle_that_is_not_accepted_is_given_up_in_time() {
    for middle in ["popen//id=a", RUST] {
        within(middle, LONG, move || {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("socket");
            let listener = UnixListener::bind(&path).unwrap();
            // Room for a single connection.
            rustix::net::listen(&listener, 0).unwrap();
            let _waiting = UnixStream::connect(&path).unwrap();
            let mut options = quiet();
            options.bootstrap_timeout = Duration::from_secs(5);
            let group = Group::with_options(options);
            let gateway = group.make_gateway(middle).unwrap();
            let spec = format!("unix={}//via=a", path.display());
            match group.make_gateway(spec) {
                Err(MakeGatewayError::Bootstrap(error)) => {
                    let error: &BootstrapError = &error;
                    assert_eq!(error.kind(), BootstrapErrorKind::HostUnreachable, "{error}");
                }
                other => panic!("{other:?}"),
            }
            eventually("the middle is idle", LONG, || {
                gateway.remote_status_timeout(LONG).unwrap().num_executing == 0
            });
        });
    }
}
