//! One suite of behaviours, run over every link.
//!
//! To add a link: add a test at the end that calls [`conforms`] with a name and a spec. The test owns what must live as
//! long as the gateway, such as a server or a proxy.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod accounts;
mod behaviours;
mod containers;
mod hops;
mod jython;

use std::thread;

use execnet::{Gateway, GatewayConfig, Group, GroupOptions, Listen, Role, ServerOptions, Worker};
use execnet_core_sync::testing::{PIPE_CAPACITY, linked};
use execnet_test_support::Served;
use execnet_test_support::{LONG, eventually, find, is_running, quiet, receive, within};
use execnet_tests::certificates::Certificates;
use execnet_tests::conformance::{PID, register};
use execnet_tests::slurm::in_cluster;
use execnet_tests::sshd::Sshd;

use behaviours::behaves;

/// Runs all behaviours over the link that the spec stands for, and looks that nothing stays when it is ended.
fn conforms(link: &'static str, spec: String) {
    conforms_behind(link, None, spec);
}

/// The same, with a gateway made first that the spec goes through.
fn conforms_behind(link: &'static str, middle: Option<String>, spec: String) {
    conforms_with(link, quiet(), middle, spec, is_running);
}

/// The same, in a group with these options, where `is_running` tells whether the worker's process runs.
fn conforms_with(
    link: &'static str,
    options: GroupOptions,
    middle: Option<String>,
    spec: String,
    is_running: fn(i64) -> bool,
) {
    within(link, 3 * LONG, move || {
        let group = Group::with_options(options);
        let behind = usize::from(middle.is_some());
        if let Some(middle) = middle {
            group.make_gateway(middle + "//id=middle").unwrap();
        }
        let gateway = group.make_gateway(spec).unwrap();
        behaves(link, &gateway);
        let channel = gateway.remote_exec(PID).unwrap();
        let pid = receive(&channel).as_i64().unwrap();
        let reports = group.terminate_timeout(LONG);
        assert_eq!(reports.len(), 1 + behind);
        assert!(!gateway.has_receiver());
        // Where a server waits for the worker we know only that its link is closed.
        eventually(&format!("{link}: the worker is gone"), LONG, || {
            !is_running(pid)
        });
        println!("{link}: the worker leaves when its group ends");
    });
}

/// No process, no system: a gateway, and a worker in a thread.
#[test]
fn in_memory() {
    within("in memory", 3 * LONG, || {
        let (near, far) = linked(PIPE_CAPACITY);
        let mut worker = Worker::new();
        register(&mut worker);
        let worker = thread::spawn(move || worker.serve(far));
        let gateway = Gateway::new(near, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        behaves("in memory", &gateway);
        gateway.exit();
        worker.join().unwrap().unwrap();
        assert!(gateway.join_timeout(LONG) && !gateway.has_receiver());
        println!("in memory: the worker leaves when its gateway ends");
    });
}

#[test]
fn popen() {
    conforms("popen", "popen".to_owned());
}

#[test]
fn popen_of_a_worker_in_rust() {
    conforms("popen Rust worker", format!("popen//worker={WORKER}"));
}

#[test]
fn popen_of_a_worker_in_rust_via_another() {
    conforms_via(
        "Rust worker via popen",
        "Rust worker via a Rust worker",
        &format!("popen//worker={WORKER}//via=middle"),
    );
}

/// The variable would put the number of the task in front of every line.
#[test]
fn slurm() {
    const LABELLED: &[&str] = &["env", "SLURM_LABELIO=1"];
    in_cluster("slurm", LABELLED, || {
        conforms("slurm", "slurm=-p part".to_owned());
        conforms_behind(
            "slurm via popen",
            Some("popen".to_owned()),
            "slurm=-p part//via=middle".to_owned(),
        );
    });
}

#[test]
fn a_command_in_front() {
    conforms("cmd", "cmd=env IN_FRONT=1//chdir=/tmp".to_owned());
}

#[test]
fn ssh() {
    match Sshd::start() {
        Ok(sshd) => conforms("ssh", sshd.spec("box")),
        Err(reason) => println!("skipped: {reason}"),
    }
}

/// Behind a Python, and behind a worker in Rust.
fn conforms_via(link: &'static str, rust: &'static str, spec: &str) {
    for (link, middle) in [
        (link, "popen".to_owned()),
        (rust, format!("popen//worker={WORKER}")),
    ] {
        conforms_behind(link, Some(middle), spec.to_owned());
    }
}

/// The worker in Rust of these tests, which others can go through.
const WORKER: &str = concat!(
    env!("CARGO_BIN_EXE_conformance-worker"),
    " --execnet-worker"
);

#[test]
fn via_popen() {
    conforms_via("via popen", "via a Rust worker", "popen//via=middle");
}

#[test]
fn via_ssh() {
    match Sshd::start() {
        Ok(sshd) => {
            let middle = Some(sshd.spec("box"));
            conforms_behind("via ssh", middle, "popen//via=middle".to_owned());
        }
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn ssh_via_popen() {
    match Sshd::start() {
        Ok(sshd) => conforms_behind(
            "ssh via popen",
            Some("popen".to_owned()),
            sshd.spec("box") + "//via=middle",
        ),
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn installed_via_another() {
    conforms_via(
        "installvia popen",
        "installvia a Rust worker",
        "socket//installvia=middle",
    );
}

#[test]
fn installed_on_another_machine() {
    match Sshd::start() {
        Ok(sshd) => {
            let middle = Some(sshd.spec("box"));
            conforms_behind(
                "installvia ssh",
                middle,
                "socket//installvia=middle".to_owned(),
            );
        }
        Err(reason) => println!("skipped: {reason}"),
    }
}

#[test]
fn unix_socket() {
    let served = Served::unix(ServerOptions::new());
    conforms("unix socket", served.spec.clone());
    conforms_via(
        "unix socket via popen",
        "unix socket via a Rust worker",
        &format!("{}//via=middle", served.spec),
    );
}

#[test]
fn tcp_with_a_token() {
    let served = Served::tcp(ServerOptions::new());
    conforms("tcp", served.spec.clone());
    conforms_via(
        "tcp via popen",
        "tcp via a Rust worker",
        &format!("{}//via=middle", served.spec),
    );
}

#[test]
fn tls() {
    let certificates = Certificates::make();
    let listen = Listen::Tls {
        address: "127.0.0.1:0".parse().unwrap(),
        files: certificates.server(),
        token: None,
    };
    let served = Served::on(listen, ServerOptions::new());
    let spec = certificates.spec(&served.spec);
    conforms("tls", spec.clone());
    conforms_via(
        "tls via popen",
        "tls via a Rust worker",
        &(spec + "//via=middle"),
    );
}

#[test]
fn the_stock_socket_protocol() {
    let served = Served::stock(ServerOptions::new());
    conforms("stock socket", served.spec.clone());
}

#[test]
fn pypy() {
    match find("pypy3") {
        Some(_) => {
            conforms("PyPy", "popen//python=pypy3".to_owned());
            conforms_behind(
                "PyPy via PyPy",
                Some("popen//python=pypy3".to_owned()),
                "popen//python=pypy3//via=middle".to_owned(),
            );
        }
        None => println!("skipped: PyPy: no pypy3 is installed (from: Debian's package pypy3)"),
    }
}
