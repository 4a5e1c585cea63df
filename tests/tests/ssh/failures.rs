//! Gateways over ssh that do not start, and remote workers that die.

use core::time::Duration;

use execnet::{BootstrapErrorKind, Group, ReceiveError, WorkerExit};
use execnet_test_support::{LONG, bootstrap_error, group, quiet, receive, signal};

use crate::with_sshd;

#[test]
fn every_failed_start_has_its_own_kind() {
    with_sshd("failures", |sshd| {
        let options = quiet().with_bootstrap_timeout(LONG);
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
fn the_error_shows_the_output_of_a_program_that_is_no_worker() {
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
fn a_host_that_never_answers_times_out() {
    with_sshd("the mute", |sshd| {
        let options = quiet()
            // Two thirds of it are for the connection.
            .with_bootstrap_timeout(Duration::from_secs(5));
        let error = bootstrap_error(&Group::with_options(options), &sshd.spec("mute"));
        assert_eq!(
            (error.kind(), error.is_timeout()),
            (BootstrapErrorKind::TimedOut, true)
        );
    });
}

#[test]
fn the_error_for_a_killed_remote_worker_names_the_signal() {
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
