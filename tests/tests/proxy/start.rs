//! Starts through a proxy: what fails, where a worker is installed, and how long a start may take.

use core::time::Duration;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use execnet::{BootstrapError, BootstrapErrorKind, Group, MakeGatewayError};
use execnet_test_support::{LONG, eventually, pid, quiet, signal, within};

use crate::{RUST, each_middle};

#[test]
fn a_failed_start_behind_a_proxy_is_reported_with_its_kind() {
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
        let options = quiet().with_bootstrap_timeout(STEP + STEP / 4);
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
fn a_connection_of_a_proxy_that_is_not_accepted_times_out() {
    for middle in ["popen//id=a", RUST] {
        within(middle, LONG, move || {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("socket");
            let listener = UnixListener::bind(&path).unwrap();
            // Room for a single connection.
            rustix::net::listen(&listener, 0).unwrap();
            let _waiting = UnixStream::connect(&path).unwrap();
            let options = quiet().with_bootstrap_timeout(Duration::from_secs(5));
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
