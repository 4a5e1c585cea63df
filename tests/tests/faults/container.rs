//! Failures of workers in containers.

use core::time::Duration;
use std::process::Command;

use execnet::{BootstrapErrorKind, Group, Value};
use execnet_test_support::{LONG, eventually, quiet, receive, receive_int};
use execnet_tests::podman::{BOX, STOPPED, is_running_in_box};

use crate::Fault;
use crate::support::{failure, names_sigkill, start_fails};

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        link: "podman",
        what: "there is no such container",
        outcome: "`BootstrapError`, kind `NoContainer`",
        check: || fails("podman=missing", BootstrapErrorKind::NoContainer),
    },
    Fault {
        link: "podman",
        what: "the container is stopped",
        outcome: "`BootstrapError`, kind `ContainerNotRunning`",
        check: || {
            fails(
                &format!("podman={STOPPED}"),
                BootstrapErrorKind::ContainerNotRunning,
            );
        },
    },
    Fault {
        link: "podman",
        what: "the container has no such interpreter",
        outcome: "`BootstrapError`, kind `NoInterpreter`, with and without a shell in between",
        check: || {
            for keys in ["", "//chdir=/tmp"] {
                let spec = format!("podman={BOX}//python=/no/such/python{keys}");
                fails(&spec, BootstrapErrorKind::NoInterpreter);
            }
        },
    },
    Fault {
        link: "podman",
        what: "the directory of `chdir=`, or of the option `--workdir`, cannot be entered",
        outcome: "`BootstrapError`, kind `NoDirectory`",
        check: || {
            for spec in [
                format!("podman={BOX}//chdir=/no/such/place"),
                format!("podman=--workdir /no/such {BOX}"),
            ] {
                fails(&spec, BootstrapErrorKind::NoDirectory);
            }
        },
    },
    Fault {
        link: "podman",
        what: "SIGKILL of the worker in the container",
        outcome: "`Disconnected`; its cause is a `WorkerExit` that names SIGKILL",
        check: killed,
    },
    Fault {
        link: "podman",
        what: "the group ends while programs run that remote code has started",
        outcome: "the worker kills them as its last act",
        check: grandchildren,
    },
];

fn fails(spec: &str, kind: BootstrapErrorKind) {
    let error = start_fails(spec, Duration::MAX);
    assert_eq!(error.kind(), kind, "{error}");
}

fn killed() {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(format!("podman={BOX}")).unwrap();
    let source = "import os\nchannel.send(os.getpid())\nchannel.receive()";
    let channel = gateway.remote_exec(source).unwrap();
    let pid = receive_int(&channel);
    let kill = Command::new("podman")
        .args(["exec", BOX, "kill", "-KILL", &pid.to_string()])
        .status();
    assert!(kill.unwrap().success());
    let error = failure(&channel);
    assert!(names_sigkill(&error), "{error:?}");
    assert!(!is_running_in_box(pid));
}

/// Options, directory and environment reach the worker, and what it has started ends with it.
fn grandchildren() {
    let group = Group::with_options(quiet());
    let spec = format!("podman=--env OPTION=1 --workdir /var {BOX}//chdir=/tmp/new//env:KEY=a 'b'");
    let gateway = group.make_gateway(spec).unwrap();
    let source = "
        import os, subprocess
        channel.send((os.environ['OPTION'], os.environ['KEY'], os.getcwd()))
        channel.send(subprocess.Popen(['sleep', '1000']).pid)
    ";
    let channel = gateway.remote_exec(source).unwrap();
    assert_eq!(receive(&channel), Value::from(("1", "a 'b'", "/tmp/new")));
    let pid = receive_int(&channel);
    assert!(is_running_in_box(pid));
    group.terminate_timeout(LONG);
    eventually("the program in the container is gone", LONG, || {
        !is_running_in_box(pid)
    });
}
