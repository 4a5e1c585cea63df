//! Gateways that go through other gateways.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::error::Error;
use core::time::Duration;
use std::os::unix::fs::PermissionsExt;

use execnet::serializer::StrConfig;
use execnet::{
    BootstrapErrorKind, Gateway, Grace, Group, MakeGatewayError, Outcome, ReceiveError, SpecError,
    Value, WorkerExit, value,
};
use execnet_test_support::{
    LONG, Served, bootstrap_error, each_python, eventually, is_running, niceness,
    private_directory, quiet, receive, within,
};
use rustix::process::{Pid, Signal, kill_process};

const SECOND: Duration = Duration::from_secs(1);

/// Nobody has to wait long for code that does not end.
fn group() -> Group {
    let mut options = quiet();
    // A worker that leaves late on a busy machine still leaves by itself.
    options.grace = Grace::new().with_interrupt(LONG).with_leave(LONG);
    Group::with_options(options)
}

fn pid(gateway: &Gateway) -> i64 {
    let channel = gateway.remote_exec("import os; channel.send(os.getpid())");
    receive(&channel.unwrap()).as_i64().unwrap()
}

fn signal(pid: i64, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn worker_exit(received: Result<execnet::Item, ReceiveError>) -> WorkerExit {
    let Err(ReceiveError::Disconnected(error)) = received else {
        panic!("{received:?}")
    };
    let cause = error.source().unwrap();
    cause.downcast_ref::<WorkerExit>().unwrap().clone()
}

#[test]
fn every_python_carries_the_streams_of_another() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=master").unwrap();
        let gateway = group.make_gateway("popen//via=master").unwrap();
        let channel = gateway
            .remote_exec("for item in channel: channel.send(item)")
            .unwrap();
        for item in [value!(1), value!("x"), Value::Bytes(vec![b'y'; 300_000])] {
            channel.send(&item).unwrap();
            assert_eq!(receive(&channel), item);
        }
        let pids = (pid(&group.get("master").unwrap()), pid(&gateway));
        assert_ne!(pids.0, pids.1);
        // The proxy does not count as running code.
        let master = group.get("master").unwrap();
        eventually("nothing runs in the middle", LONG, || {
            master.remote_status_timeout(LONG).unwrap().num_executing == 0
        });
        drop(channel);
        for report in group.terminate_timeout(LONG) {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{report:?}"
            );
        }
        eventually("both are gone", LONG, || {
            !is_running(pids.0) && !is_running(pids.1)
        });
    });
}

#[test]
fn every_python_connects_for_another_and_installs_one() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=master").unwrap();
        let served = Served::unix(|_| {});
        let spec = format!("{}//via=master", served.spec);
        let far = group.make_gateway(spec).unwrap();
        let guest = group.make_gateway("socket//installvia=master").unwrap();
        let master = pid(&group.get("master").unwrap());
        assert_ne!(pid(&far), master);
        assert_eq!(pid(&guest), master);
        for report in group.terminate_timeout(LONG) {
            assert!(
                matches!(report.outcome, Outcome::Exited(_) | Outcome::Closed),
                "{report:?}"
            );
        }
    });
}

/// Settings of the middle had text come as bytes, and then nothing went through it any more.
#[test]
fn a_middle_that_takes_text_as_bytes_carries_all_the_same() {
    const TEXT_AS_BYTES: StrConfig = StrConfig {
        py2str_as_py3str: false,
        py3str_as_py2str: true,
    };
    each_python(|python, _| {
        let group = group();
        let master = group.make_gateway(python.spec() + "//id=master").unwrap();
        master.reconfigure(TEXT_AS_BYTES).unwrap();
        let far = group.make_gateway("popen//via=master").unwrap();
        let guest = group.make_gateway("socket//installvia=master").unwrap();
        assert_eq!(pid(&guest), pid(&master));
        let far_pid = pid(&far);
        far.kill();
        eventually("the far worker is gone", LONG, || !is_running(far_pid));
        group.terminate_timeout(LONG);
    });
}

#[test]
fn they_nest_and_take_all_that_a_spec_says() {
    within("nested", LONG, || {
        let group = group();
        group.make_gateway("popen//id=a").unwrap();
        group.make_gateway("popen//id=b//via=a").unwrap();
        let spec = "popen//via=b//id=c//env:EXECNET_A=b=c//nice=1//chdir=/";
        let gateway = group.make_gateway(spec).unwrap();
        let code = "import os; channel.send((os.getcwd(), os.environ['EXECNET_A'], os.nice(0)))";
        let found = receive(&gateway.remote_exec(code).unwrap());
        assert_eq!(found, value!(("/", "b=c", niceness(1))));
        let reports = group.terminate_timeout(LONG);
        let ids: Vec<_> = reports.iter().map(|report| report.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        for report in reports {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{report:?}"
            );
        }
    });
}

#[test]
fn what_is_wrong_over_there_is_told_as_it_is_here() {
    within("errors", LONG, || {
        let group = group();
        group.make_gateway("popen//id=a").unwrap();
        assert!(matches!(
            group.make_gateway("popen//via=nobody"),
            Err(MakeGatewayError::Spec(SpecError::Value { key: "via", .. }))
        ));
        let error = bootstrap_error(&group, "popen//via=a//python=/no/such/python");
        assert_eq!(error.kind(), BootstrapErrorKind::NoInterpreter);
        assert!(
            error.to_string().contains("tried /no/such/python\n"),
            "{error}"
        );
        let error = bootstrap_error(&group, "popen//via=a//python=/");
        assert_eq!(error.kind(), BootstrapErrorKind::NotStarted);
        assert!(error.to_string().contains("denied"), "{error}");
        let error = bootstrap_error(&group, "popen//via=a//python=sh -c 'echo no >&2; exit 3'");
        assert_eq!(error.exit().unwrap().code(), Some(3), "{error}");
        assert_eq!(error.stderr(), "no\n");
        assert!(error.command().ends_with("(via a)"), "{error}");
        // The middle has taken no harm.
        assert!(group.make_gateway("popen//via=a").is_ok());
    });
}

/// It was one second, whatever the gateway's own deadline was.
#[test]
fn ssh_in_the_middle_has_the_time_that_the_gateway_has() {
    within("ssh in the middle", LONG, || {
        let directory = private_directory();
        let ssh = directory.path().join("ssh");
        std::fs::write(&ssh, "#!/bin/sh\nexit 255\n").unwrap();
        std::fs::set_permissions(&ssh, PermissionsExt::from_mode(0o700)).unwrap();
        let path = std::env::var("PATH").unwrap();
        let group = group();
        let middle = format!(
            "popen//id=a//env:PATH={}:{path}",
            directory.path().display()
        );
        group.make_gateway(middle).unwrap();
        let error = bootstrap_error(&group, "ssh=host//via=a");
        let command = error.command();
        assert!(command.contains("'ConnectTimeout=20'"), "{command}");
    });
}

#[test]
fn the_end_of_the_far_process_is_told_with_its_signal_and_standard_error() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=a").unwrap();
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let code = "import os; os.write(2, b'last words' * 6000); os.kill(os.getpid(), 9)";
        let channel = gateway.remote_exec(code).unwrap();
        let exit = worker_exit(channel.receive_timeout(LONG));
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words".repeat(6000));
        // The middle goes on.
        pid(&group.get("a").unwrap());
    });
}

#[test]
fn killing_reaches_what_the_far_process_has_started() {
    within("far kill", LONG, || {
        let group = group();
        group.make_gateway("popen//id=a").unwrap();
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let code = "
            import os, time
            child = os.fork()
            if child == 0:
                time.sleep(1000)
            channel.send((os.getpid(), child))
            time.sleep(1000)
        ";
        let channel = gateway.remote_exec(code).unwrap();
        let Value::Tuple(pids) = receive(&channel) else {
            panic!("no pids")
        };
        let pids: Vec<_> = pids.iter().map(|pid| pid.as_i64().unwrap()).collect();
        gateway.kill();
        let exit = worker_exit(channel.receive_timeout(LONG));
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        eventually("both are gone", LONG, || {
            pids.iter().all(|&pid| !is_running(pid))
        });
    });
}

#[test]
fn a_stuck_far_side_does_not_stall_the_middle() {
    within("stuck far side", LONG, || {
        let group = group();
        let middle = group.make_gateway("popen//id=a").unwrap();
        let far = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&far);
        let channel = far.remote_exec("for item in channel: pass").unwrap();
        signal(stopped, Signal::STOP);
        // More than all pipes and the window take: this thread gets stuck.
        let sender = std::thread::spawn(move || {
            let piece = Value::Bytes(vec![0; 1 << 20]);
            (0..8).try_for_each(|_| channel.send(&piece)).is_err()
        });
        for _ in 0..20 {
            pid(&middle);
        }
        assert!(group.make_gateway("popen//via=a").is_ok());
        // All of that went on while this was stuck.
        assert!(!sender.is_finished());
        let reports = group.terminate_timeout(5 * SECOND);
        assert!(
            matches!(reports[1].outcome, Outcome::Killed(Some(exit)) if exit.signal() == Some(9)),
            "{reports:?}"
        );
        assert!(
            matches!(reports[0].outcome, Outcome::Exited(exit) if exit.success()),
            "{reports:?}"
        );
        assert!(sender.join().unwrap());
        assert!(!is_running(stopped));
    });
}

#[test]
fn a_middle_that_dies_takes_the_far_side_along() {
    within("dead middle", LONG, || {
        let group = group();
        let middle = group.make_gateway("popen//id=a").unwrap();
        let far = group.make_gateway("popen//via=a").unwrap();
        let orphan = pid(&far);
        let channel = far.remote_exec("channel.receive()").unwrap();
        signal(pid(&middle), Signal::KILL);
        assert!(matches!(
            channel.receive_timeout(LONG),
            Err(ReceiveError::Disconnected(_))
        ));
        eventually("the far worker is gone", LONG, || !is_running(orphan));
        // Without a deadline: there is nothing to wait for.
        let reports = group.terminate();
        assert_eq!(reports[1].outcome, Outcome::Closed);
        let error = bootstrap_error_after(&group);
        assert!(matches!(error, MakeGatewayError::Spec(_)), "{error}");
    });
}

/// The group is empty: there is nothing to go through.
fn bootstrap_error_after(group: &Group) -> MakeGatewayError {
    group.make_gateway("popen//via=a").unwrap_err()
}

#[test]
fn a_stopped_middle_holds_up_neither_the_start_nor_the_end() {
    within("stopped middle", LONG, || {
        let mut options = quiet();
        options.bootstrap_timeout = 3 * SECOND;
        let group = Group::with_options(options);
        let middle = group.make_gateway("popen//id=a").unwrap();
        signal(pid(&middle), Signal::STOP);
        let error = bootstrap_error(&group, "popen//via=a");
        assert!(error.to_string().contains("did not answer"), "{error}");
        let reports = group.terminate_timeout(Duration::from_millis(200));
        assert!(
            matches!(reports[0].outcome, Outcome::Killed(_)),
            "{reports:?}"
        );
    });
}
