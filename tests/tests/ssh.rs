//! Gateways over ssh, to a real server on this machine.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::thread;

use execnet::{
    BootstrapErrorKind, Gateway, Group, GroupOptions, Outcome, ReceiveError, Value, WorkerExit,
};
use execnet_test_support::{
    LONG, bootstrap_error, eventually, group, is_running, niceness, quiet, receive, signal, within,
};
use execnet_tests::sshd::Sshd;

/// Runs a test against a server of its own, or says why not.
fn with_sshd(name: &str, test: impl FnOnce(&Sshd) + Send + 'static) {
    within(name, 2 * LONG, || match Sshd::start() {
        Ok(sshd) => test(&sshd),
        Err(reason) => println!("skipped: {reason}"),
    });
}

fn alone() -> GroupOptions {
    let mut options = quiet();
    options.share_ssh = false;
    options
}

fn pid(gateway: &Gateway) -> i64 {
    let channel = gateway
        .remote_exec("import os; channel.send(os.getpid())")
        .unwrap();
    receive(&channel).as_i64().unwrap()
}

#[test]
fn code_runs_on_a_host_whose_interpreter_is_looked_for() {
    with_sshd("a gateway over ssh", |sshd| {
        let group = group();
        let gateway = group.make_gateway(sshd.spec("box") + "//id=there").unwrap();
        assert_eq!(gateway.id(), "there");
        let source =
            "import os; channel.send((channel.receive() * 7, 'SSH_CONNECTION' in os.environ))";
        let channel = gateway.remote_exec(source).unwrap();
        channel.send(6).unwrap();
        assert_eq!(
            receive(&channel),
            Value::Tuple(vec![42.into(), true.into()])
        );
    });
}

#[test]
fn directory_environment_and_program_are_set_before_the_interpreter_starts() {
    with_sshd("chdir and env over ssh", |sshd| {
        let place = tempfile::tempdir().unwrap();
        let place = fs::canonicalize(place.path()).unwrap();
        fs::create_dir_all(&place).unwrap();
        let directory = place.join("it's new");
        let keys = format!(
            "//python=python3 -X utf8//chdir={}//env:NAME=a 'b' $HOME//env:PYTHONWARNINGS=error//nice=3",
            directory.display()
        );
        let group = group();
        let gateway = group.make_gateway(sshd.spec("box") + &keys).unwrap();
        let source = "import os, sys; channel.send([os.getcwd(), os.environ['NAME'], sys.warnoptions, \
                      os.nice(0), sys.flags.utf8_mode])";
        let channel = gateway.remote_exec(source).unwrap();
        let expected = [
            directory.to_str().unwrap().into(),
            "a 'b' $HOME".into(),
            Value::List(vec!["error".into()]),
            niceness(3).into(),
            1.into(),
        ];
        assert_eq!(receive(&channel), Value::List(expected.to_vec()));
        drop(group);
        fs::remove_dir_all(place).unwrap();
    });
}

#[test]
fn a_banner_and_a_profile_that_talks_do_no_harm() {
    with_sshd("noise", |sshd| {
        let group = group();
        let gateway = group.make_gateway(sshd.spec("noisy")).unwrap();
        let channel = gateway.remote_exec("channel.send(1)").unwrap();
        assert_eq!(receive(&channel), Value::from(1));
    });
}

#[test]
fn every_way_to_fail_has_its_own_kind() {
    with_sshd("failures", |sshd| {
        let mut options = quiet();
        options.bootstrap_timeout = LONG;
        let group = Group::with_options(options);
        let cases = [
            ("nowhere", "", BootstrapErrorKind::HostUnreachable),
            ("closed", "", BootstrapErrorKind::HostUnreachable),
            ("no-entry", "", BootstrapErrorKind::AuthenticationRefused),
            ("unknown-key", "", BootstrapErrorKind::HostKeyRefused),
            ("changed-key", "", BootstrapErrorKind::HostKeyRefused),
            ("talker", "", BootstrapErrorKind::UnexpectedOutput),
            (
                "box",
                "//python=/no/such/python",
                BootstrapErrorKind::NoInterpreter,
            ),
            ("box", "//python=false", BootstrapErrorKind::Ended),
            (
                "box",
                "//chdir=/no/such/place",
                BootstrapErrorKind::NoDirectory,
            ),
            (
                "box",
                "//execmodel=what",
                BootstrapErrorKind::SettingsRefused,
            ),
        ];
        for (host, keys, kind) in cases {
            let error = bootstrap_error(&group, &(sshd.spec(host) + keys));
            assert_eq!(error.kind(), kind, "{host}{keys}: {error}");
            assert!(error.to_string().contains("ssh -F"), "{error}");
        }
        assert!(group.is_empty());
    });
}

#[test]
fn what_spoke_instead_of_the_worker_is_shown() {
    with_sshd("the talker", |sshd| {
        let error = bootstrap_error(&group(), &sshd.spec("talker"));
        assert_eq!(error.output(), "hello from the talker\n");
        assert!(
            error.to_string().contains("hello from the talker"),
            "{error}"
        );
    });
}

#[test]
fn a_host_that_never_answers_is_given_up_at_the_deadline() {
    with_sshd("the mute", |sshd| {
        let mut options = quiet();
        // Two thirds of it are for the connection.
        options.bootstrap_timeout = Duration::from_secs(5);
        let error = bootstrap_error(&Group::with_options(options), &sshd.spec("mute"));
        assert_eq!(
            (error.kind(), error.is_timeout()),
            (BootstrapErrorKind::TimedOut, true)
        );
    });
}

#[test]
fn the_death_of_a_far_worker_names_the_signal() {
    with_sshd("a far death", |sshd| {
        let group = group();
        let gateway = group.make_gateway(sshd.spec("box")).unwrap();
        let source = "import os, sys\nsys.stderr.write('last words\\n')\nchannel.send(os.getpid())\n\
                      channel.receive()";
        let channel = gateway.remote_exec(source).unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        signal("KILL", pid);
        let error = channel.receive_timeout(LONG).unwrap_err();
        let ReceiveError::Disconnected(lost) = &error else {
            panic!("{error:?}")
        };
        let exit = lost.cause().unwrap().downcast_ref::<WorkerExit>().unwrap();
        assert_eq!(exit.exit().unwrap().signal(), Some(9), "{exit}");
        assert!(exit.to_string().contains("was killed by SIGKILL"), "{exit}");
        assert!(exit.stderr().contains("last words\n"), "{exit}");
    });
}

#[test]
fn gateways_to_one_host_share_a_connection_that_ends_with_the_group() {
    with_sshd("sharing", |sshd| {
        let connections = |group: &Group, count: usize| {
            thread::scope(|scope| {
                for _ in 0..count {
                    scope.spawn(|| group.make_gateway(sshd.spec("box")).unwrap());
                }
            });
            assert_eq!(group.len(), count);
            sessions(sshd)
        };
        let separate = Group::with_options(alone());
        let of_separate = connections(&separate, 3);
        separate.terminate_timeout(LONG);
        eventually("all connections are closed", LONG, || sessions(sshd) == 0);
        let shared = group();
        let of_shared = connections(&shared, 3);
        assert_eq!((of_separate, of_shared), (3, 1));
        shared.terminate_timeout(LONG);
        eventually("the shared connection is closed", LONG, || {
            sessions(sshd) == 0
        });
    });
}

#[test]
fn more_gateways_than_a_connection_carries_get_connections_of_their_own() {
    // Servers allow ten sessions on a connection unless told otherwise.
    with_sshd("twelve", |sshd| {
        let group = group();
        for index in 0..12 {
            let gateway = group.make_gateway(sshd.spec("box")).unwrap();
            assert!(pid(&gateway) > 0, "{index}");
        }
        assert!((2..=3).contains(&sessions(sshd)), "{}", sessions(sshd));
    });
}

/// How many connections the server has: its children.
fn sessions(sshd: &Sshd) -> usize {
    let pid = sshd.pid().to_string();
    let output = std::process::Command::new("ps")
        .args(["-o", "pid=", "--ppid", &pid])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).lines().count()
}

#[test]
fn a_group_over_ssh_comes_down_in_time() {
    with_sshd("terminate over ssh", |sshd| {
        let group = group();
        let gateways = [(); 2].map(|()| group.make_gateway(sshd.spec("box")).unwrap());
        let pids = gateways.each_ref().map(pid);
        let reports = group.terminate_timeout(LONG);
        assert_eq!(reports.len(), 2);
        // Those that had not left by themselves in that time would have been killed.
        for report in &reports {
            assert!(
                matches!(report.outcome, Outcome::Exited(exit) if exit.success()),
                "{reports:?}"
            );
        }
        assert!(pids.into_iter().all(|pid| !is_running(pid)));
    });
}
