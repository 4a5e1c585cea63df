//! Our controller and the workers of stock execnet: interpreters that import it, and its socket server.
//!
//! To add a behaviour of execnet: add a function to one of the modules, and its name to that module's table.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod calls;
mod channels;
mod ends;
mod items;
mod places;
mod status;

use std::path::{Path, PathBuf};

use execnet::{Channel, Gateway, Group, ReceiveError};
use execnet_test_support::{LONG, Ours, RELEASES, Release, environment, quiet, report, within};
use execnet_tests::sshd::Sshd;

/// A release of execnet, and a gateway to a worker of it that cases may share.
#[derive(Clone)]
struct Peer {
    release: Release,
    python: PathBuf,
    gateway: Gateway,
}

/// The names that execnet has for what a case shows, and the case.
type Case = (&'static [&'static str], fn(&Peer));

impl Peer {
    /// A spec for a worker of its own.
    fn spec(&self) -> String {
        spec(&self.python)
    }

    fn python_2(&self) -> bool {
        self.release.python == 2
    }

    fn exec(&self, source: &str) -> Channel {
        self.gateway.remote_exec(source).unwrap()
    }
}

fn spec(python: &Path) -> String {
    format!("popen//bootstrap=execnet//python={}", python.display())
}

/// The text of the error that receiving gives.
fn error_of(channel: &Channel) -> String {
    match channel.receive_timeout(LONG) {
        Err(ReceiveError::Remote(error)) => error.text().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn is_at_its_end(channel: &Channel) -> bool {
    matches!(channel.receive_timeout(LONG), Err(ReceiveError::Closed))
}

fn all_cases(release: Release) {
    let Some(python) = release.python() else {
        return;
    };
    all_cases_on(release, python, |behaviour, module| {
        report(
            behaviour,
            Ours::Controller,
            release,
            &format!("{module}.rs"),
        );
    });
}

/// `seen` is called for each behaviour that was shown.
fn all_cases_on(release: Release, python: PathBuf, seen: impl Fn(&str, &str)) {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(spec(&python)).unwrap();
    let peer = Peer {
        release,
        python,
        gateway,
    };
    let mut tables = vec![
        ("items", items::CASES),
        ("channels", channels::CASES),
        ("calls", calls::CASES),
        ("status", status::CASES),
        ("ends", ends::CASES),
        ("places", places::CASES),
    ];
    if release.python == 2 {
        tables.push(("items", items::PYTHON_2));
    }
    if release.execnet.starts_with("2.1.") {
        tables.push(("status", status::SINCE_2_1));
    }
    match Sshd::start() {
        Ok(_) => tables.push(("places", places::OVER_SSH)),
        Err(reason) => println!("skipped: {reason}"),
    }
    for (module, cases) in tables {
        for &(behaviours, case) in cases {
            let peer = peer.clone();
            let name = format!("{behaviours:?} with execnet {release}");
            within(&name, LONG, move || case(&peer));
            for behaviour in behaviours {
                seen(behaviour, module);
            }
        }
    }
}

#[test]
fn execnet_2_1_2() {
    all_cases(RELEASES[0]);
}

#[test]
fn execnet_2_1_2_on_pypy() {
    match environment(&[RELEASES[0].execnet, "pypy"]) {
        Ok(python) => all_cases_on(RELEASES[0], python, |behaviour, _| {
            println!("PyPy: {behaviour}");
        }),
        Err(reason) => println!("skipped: execnet 2.1.2 on PyPy: {reason}"),
    }
}

#[test]
fn execnet_2_1_1() {
    all_cases(RELEASES[1]);
}

#[test]
fn execnet_2_0_2() {
    all_cases(RELEASES[2]);
}

#[test]
fn execnet_1_9_0() {
    all_cases(RELEASES[3]);
}

#[test]
fn execnet_1_9_0_on_python_2() {
    all_cases(RELEASES[4]);
}
