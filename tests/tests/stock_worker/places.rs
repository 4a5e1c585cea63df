//! Where a worker is started: with an environment, behind another gateway, in a socket server; and specs that cannot be
//! used.

use std::fs;
use std::path::Path;
use std::process::Command;

use execnet::rsync::{RSync, TargetOptions};
use execnet::{BootstrapErrorKind, Gateway, Group, MakeGatewayError, SpecError, Value, value};
use execnet_test_support::{LONG, eventually, is_running, niceness, quiet, receive};
use execnet_tests::sshd::Sshd;

use super::{Case, Peer, error_of};

pub(super) const CASES: &[Case] = &[
    (
        &[
            "test_xspec::test_popen_nice",
            "test_xspec::test_popen_env",
            "test_xspec::test_popen_chdir_absolute",
            "test_xspec::test_popen_chdir_newsub",
        ],
        surroundings,
    ),
    (
        &[
            "test_gateway::test_popen_args",
            "test_xspec::test_popen_with_sudo_python",
        ],
        words,
    ),
    (&["test_xspec::test_popen_explicit"], explicit),
    (
        &[
            "all (gw) tests, type proxy",
            "test_multi::test_terminate_with_proxying",
            "test_proxy.rst",
        ],
        via,
    ),
    (
        &[
            "test_xspec::test_socket_installvia",
            "test_xspec::test_socket",
            "all (gw) tests, type socket",
        ],
        installvia,
    ),
    (&["no execnet there (ours)"], without_execnet),
    (&["no such model there (ours)"], without_model),
    (&["extras off (ours)"], without_extras),
    (&["RSync of ours to a stock worker (ours)"], sync),
];

/// Where there is an ssh server.
pub(super) const OVER_SSH: &[Case] = &[(
    &[
        "over ssh (ours)",
        "test_gateway::test_sshconfig_config_parsing",
    ],
    ssh,
)];

const SEVEN: &str = "channel.send(channel.receive() * 7)";

fn surroundings(peer: &Peer) {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().canonicalize().unwrap().join("new");
    let group = Group::with_options(quiet());
    let keys = format!(
        "//chdir={}//env:NAME123=a=b//nice=1//id=it's",
        directory.display()
    );
    let gateway = group.make_gateway(peer.spec() + &keys).unwrap();
    let source = "import os; channel.send((os.getcwd(), os.environ['NAME123'], os.nice(0), channel.gateway.id))";
    let found = receive(&gateway.remote_exec(source).unwrap());
    let nice = niceness(1);
    assert_eq!(
        found,
        value!((directory.to_str().unwrap(), "a=b", nice, "it's-worker"))
    );
}

fn words(peer: &Peer) {
    let group = Group::with_options(quiet());
    let spec = format!(
        "popen//bootstrap=execnet//python=env 'IN_FRONT=x y' {} -B",
        peer.python.display()
    );
    let gateway = group.make_gateway(spec).unwrap();
    let source = "import os, sys; channel.send((os.environ['IN_FRONT'], sys.dont_write_bytecode))";
    let found = receive(&gateway.remote_exec(source).unwrap());
    assert_eq!(found, value!(("x y", true)));
}

fn explicit(peer: &Peer) {
    let info = peer.gateway.remote_info_timeout(LONG).unwrap();
    let mut python = Command::new(&peer.python);
    let asked = python.args(["-c", "import sys; sys.stdout.write(sys.executable)"]);
    let expected = asked.output().unwrap().stdout;
    assert_eq!(info.executable.as_bytes(), expected);
    let here = std::env::current_dir().unwrap();
    assert_eq!(Path::new(&info.cwd), here);
    let version = info.version_info.as_slice().unwrap();
    assert_eq!(version[0], Value::from(peer.release.python));
}

/// A call, an error, the status: returns the process.
fn works(gateway: &Gateway) -> i64 {
    let channel = gateway.remote_exec(SEVEN).unwrap();
    channel.send(6).unwrap();
    assert_eq!(receive(&channel), value!(42));
    let failed = gateway.remote_exec("1 / 0").unwrap();
    assert!(error_of(&failed).contains("ZeroDivisionError"));
    eventually("idle", LONG, || {
        let status = gateway.remote_status_timeout(LONG).unwrap();
        assert_eq!(status.exec_model, "thread");
        status.num_executing == 0
    });
    let info = gateway.remote_info_timeout(LONG).unwrap();
    info.pid.into()
}

/// Stock behind ours, and stock behind stock.
fn via(peer: &Peer) {
    let group = Group::with_options(quiet());
    group.make_gateway("popen//id=ours").unwrap();
    group
        .make_gateway(peer.spec() + "//via=ours//id=stock")
        .unwrap();
    group.make_gateway(peer.spec() + "//via=stock").unwrap();
    let pids: Vec<i64> = group.gateways().iter().map(works).collect();
    assert_eq!(pids.len(), 3);
    assert_eq!(group.terminate_timeout(LONG).len(), 3);
    for pid in pids {
        eventually("all have ended", LONG, || !is_running(pid));
    }
}

/// A server that a stock worker is made to start, and a stock worker behind it.
fn installvia(peer: &Peer) {
    let group = Group::with_options(quiet());
    group.make_gateway(peer.spec() + "//id=p1").unwrap();
    let spec = "socket//installvia=p1//id=s1//bootstrap=execnet";
    let gateway = group.make_gateway(spec).unwrap();
    assert_eq!(gateway.id(), "s1");
    works(&gateway);
    group.terminate_timeout(LONG);
}

fn ssh(peer: &Peer) {
    let sshd = Sshd::start().unwrap();
    let group = Group::with_options(quiet());
    let spec = peer.spec();
    let what = spec.strip_prefix("popen").unwrap();
    let gateway = group.make_gateway(sshd.spec("box") + what).unwrap();
    let channel = gateway.remote_exec(SEVEN).unwrap();
    channel.send(6).unwrap();
    assert_eq!(receive(&channel), value!(42));
    group.terminate_timeout(LONG);
}

fn without_execnet(_peer: &Peer) {
    let group = Group::with_options(quiet());
    match group.make_gateway("popen//bootstrap=execnet//python=python3 -I -S") {
        Err(MakeGatewayError::Bootstrap(error)) => {
            assert_eq!(error.kind(), BootstrapErrorKind::Ended);
            assert!(error.stderr().contains("No module named"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    for (spec, key) in [
        ("popen//bootstrap=stock", "bootstrap"),
        ("popen//bootstrap", "bootstrap"),
    ] {
        let refused = group.make_gateway(spec).unwrap_err();
        assert!(
            matches!(refused, MakeGatewayError::Spec(SpecError::Value { key: named, .. }) if named == key)
        );
    }
}

fn without_model(peer: &Peer) {
    let group = Group::with_options(quiet());
    match group.make_gateway(peer.spec() + "//execmodel=nonsense") {
        Err(MakeGatewayError::Bootstrap(error)) => {
            assert_eq!(error.kind(), BootstrapErrorKind::SettingsRefused);
            assert!(error.to_string().contains("unknown execmodel"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// A group that asks for credit gives none to a worker that does not know it.
fn without_extras(peer: &Peer) {
    let options = quiet().with_credit(Some(1000));
    let group = Group::with_options(options);
    let gateway = group.make_gateway(peer.spec()).unwrap();
    let channel = gateway
        .remote_exec("for item in channel: channel.send(item)")
        .unwrap();
    let text = "x".repeat(10_000);
    for _ in 0..20 {
        channel.send(text.as_str()).unwrap();
    }
    for _ in 0..20 {
        assert_eq!(receive(&channel), value!(text.as_str()));
    }
}

fn sync(peer: &Peer) {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::create_dir_all(path("from/d")).unwrap();
    fs::write(path("from/d/file"), "text").unwrap();
    let mut rsync = RSync::new(path("from"));
    rsync.add_target(&peer.gateway, path("to"), TargetOptions::new());
    let target = rsync.send().unwrap().remove(0);
    assert!(target.is_complete(), "{target:?}");
    assert_eq!(fs::read(path("to/d/file")).unwrap(), b"text");
}
