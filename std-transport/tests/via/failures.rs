//! Failures of proxied workers and of proxies.

use core::error::Error as _;
use core::time::Duration;
use std::os::unix::fs::PermissionsExt;

use execnet::{
    BootstrapErrorKind, Group, MakeGatewayError, Outcome, ReceiveError, SpecError, Value,
    WorkerExit,
};
use execnet_test_support::{
    LONG, bootstrap_error, each_python, eventually, is_running, pid, private_directory, quiet,
    receive, signal, within,
};

use crate::{SECOND, group};

fn worker_exit(received: Result<execnet::Item, ReceiveError>) -> WorkerExit {
    let Err(ReceiveError::Disconnected(error)) = received else {
        panic!("{received:?}")
    };
    let cause = error.source().unwrap();
    cause.downcast_ref::<WorkerExit>().unwrap().clone()
}

#[test]
fn a_failed_start_through_a_proxy_has_the_same_error_as_a_local_one() {
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
        // The proxy still works.
        assert!(group.make_gateway("popen//via=a").is_ok());
    });
}

/// It was one second, independently of the gateway's timeout.
#[test]
fn ssh_of_a_proxy_gets_the_timeout_of_the_gateway() {
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
fn the_end_of_a_proxied_process_is_reported_with_signal_and_standard_error() {
    each_python(|python, _| {
        let group = group();
        group.make_gateway(python.spec() + "//id=a").unwrap();
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let code = "import os; os.write(2, b'last words' * 6000); os.kill(os.getpid(), 9)";
        let channel = gateway.remote_exec(code).unwrap();
        let exit = worker_exit(channel.receive_timeout(LONG));
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert_eq!(exit.stderr(), "last words".repeat(6000));
        // The proxy still runs.
        pid(&group.get("a").unwrap());
    });
}

#[test]
fn killing_a_proxied_worker_kills_the_processes_it_has_started() {
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
fn a_stuck_worker_does_not_block_its_proxy() {
    within("stuck far side", LONG, || {
        let group = group();
        let middle = group.make_gateway("popen//id=a").unwrap();
        let far = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&far);
        let channel = far.remote_exec("for item in channel: pass").unwrap();
        signal("STOP", stopped);
        // More than all pipes and the window hold: this thread blocks.
        let sender = std::thread::spawn(move || {
            let piece = Value::Bytes(vec![0; 1 << 20]);
            (0..8).try_for_each(|_| channel.send(&piece)).is_err()
        });
        for _ in 0..20 {
            pid(&middle);
        }
        assert!(group.make_gateway("popen//via=a").is_ok());
        // The thread was blocked all the time.
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

/// The kill waited behind bytes for which the proxy's channel had no credit.
#[test]
fn a_stuck_worker_is_killed_if_the_channel_of_its_proxy_has_no_credit() {
    within("a kill without credit", LONG, || {
        let group = Group::with_options(quiet().with_credit(Some(10_000)));
        group.make_gateway("popen//id=a").unwrap();
        let gateway = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&gateway);
        let channels: Vec<_> = (0..40)
            .map(|_| gateway.remote_exec("channel.receive()").unwrap())
            .collect();
        signal("STOP", stopped);
        // More than the pipe of the worker and the credit of the proxy's channel, and less than the window.
        for channel in &channels {
            channel.send(Value::Bytes(vec![0; 9_000])).unwrap();
        }
        gateway.kill();
        eventually("the worker is gone", 10 * SECOND, || !is_running(stopped));
    });
}

/// The proxy is stopped and reads nothing, so that each request waits.
#[test]
fn repeated_kills_of_a_proxied_worker_do_not_accumulate_threads() {
    within("kills through a stopped proxy", LONG, || {
        let group = group();
        let middle = group.make_gateway("popen//id=a").unwrap();
        let far = group.make_gateway("popen//via=a").unwrap();
        let stopped = pid(&middle);
        signal("STOP", stopped);
        for _ in 0..20 {
            far.kill();
        }
        let threads = std::fs::read_dir("/proc/self/task").unwrap();
        let names =
            threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")));
        let kills =
            names.filter(|name| matches!(name, Ok(name) if name.trim_end() == "execnet kill"));
        // Tests beside this one kill workers too.
        assert!(kills.count() < 10);
        signal("CONT", stopped);
    });
}

#[test]
fn a_proxy_that_dies_ends_its_workers() {
    within("dead middle", LONG, || {
        let group = group();
        let middle = group.make_gateway("popen//id=a").unwrap();
        let far = group.make_gateway("popen//via=a").unwrap();
        let orphan = pid(&far);
        let channel = far.remote_exec("channel.receive()").unwrap();
        signal("KILL", pid(&middle));
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

/// The error after the group was terminated: the proxy is no longer a member.
fn bootstrap_error_after(group: &Group) -> MakeGatewayError {
    group.make_gateway("popen//via=a").unwrap_err()
}

#[test]
fn a_stopped_proxy_blocks_neither_start_nor_end() {
    within("stopped middle", LONG, || {
        let options = quiet().with_bootstrap_timeout(3 * SECOND);
        let group = Group::with_options(options);
        let middle = group.make_gateway("popen//id=a").unwrap();
        signal("STOP", pid(&middle));
        let error = bootstrap_error(&group, "popen//via=a");
        assert!(error.to_string().contains("did not answer"), "{error}");
        let reports = group.terminate_timeout(Duration::from_millis(200));
        assert!(
            matches!(reports[0].outcome, Outcome::Killed(_)),
            "{reports:?}"
        );
    });
}
