//! What the test programs share: deadlines, processes, interpreters, servers, stock execnet.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

#[cfg(unix)]
mod direction;
mod pythons;
#[cfg(unix)]
mod rust_worker;
#[cfg(unix)]
mod server;
mod stock;
mod stock_server;

use core::time::Duration;
use std::env;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::{BootstrapError, Channel, Group, GroupOptions, MakeGatewayError, Stderr, Value};

#[cfg(unix)]
pub use direction::{Direction, each_direction};
pub use pythons::{Python, each_python, each_python_with, pythons};
#[cfg(unix)]
pub use rust_worker::{with_worker, with_worker_over};
#[cfg(unix)]
pub use server::{Served, loopback, private_directory};
pub use stock::{Ours, RELEASES, Release, environment, report, root, xdist_python};
pub use stock_server::StockServer;

/// No step of a test takes this long; one that does is a failure with a name, not a hang.
pub const LONG: Duration = Duration::from_secs(30);

/// Runs `body` in a thread; panics by name when it takes longer than `limit`.
pub fn within<T: Send + 'static>(
    name: &str,
    limit: Duration,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        let result = body();
        let _ = done.send(());
        result
    });
    match finished.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: not done after {limit:?}"),
        _ => match thread.join() {
            Ok(result) => result,
            Err(_) => panic!("{name}: failed, see above"),
        },
    }
}

/// How much of something a test does: `default`, unless this variable of the environment says more.
#[must_use]
pub fn amount(variable: &str, default: u32) -> u32 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Waits for something that another process does.
pub fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process runs, zombies not counted.
#[must_use]
pub fn is_running(pid: i64) -> bool {
    let pid = pid.to_string();
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid])
        .output();
    let state = String::from_utf8_lossy(&output.unwrap().stdout)
        .trim()
        .to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Sends a signal, by its number or name.
pub fn signal(name: &str, pid: i64) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(status.unwrap().success(), "kill -{name} {pid}");
}

/// The niceness of a worker to which `nice=` adds this, to what this process has; 19 is the highest there is.
#[must_use]
pub fn niceness(added: i64) -> i64 {
    let output = Command::new("nice").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let own: i64 = text.trim().parse().unwrap();
    (own + added).min(19)
}

/// The next item.
pub fn receive(channel: &Channel) -> Value {
    channel.receive_timeout(LONG).unwrap().into_value()
}

/// Settings under which workers do not write on the test's standard error.
#[must_use]
pub fn quiet() -> GroupOptions {
    let mut options = GroupOptions::default();
    options.stderr = Stderr::Capture;
    options
}

/// A group of them.
#[must_use]
pub fn group() -> Group {
    Group::with_options(quiet())
}

/// The error of a gateway that cannot be made.
#[must_use]
pub fn bootstrap_error(group: &Group, spec: &str) -> Box<BootstrapError> {
    match group.make_gateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => error,
        other => panic!("{spec}: {other:?}"),
    }
}

/// Where a program is, one for administrators too.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// A port of the loopback address that nobody listens on.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
