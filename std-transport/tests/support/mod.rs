//! What the suites share: interpreters, deadlines, and a look at what is left running.
#![allow(dead_code, reason = "each suite uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Instant;

use execnet::{
    BootstrapError, Channel, Gateway, Group, GroupOptions, MakeGatewayError, Stderr, Value,
};

/// No step of a test takes this long; one that does is a failure with a name, not a hang.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What the worker is made for. Those that are not installed are named on the test's output.
const WANTED: [&str; 13] = [
    "2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t",
    "PyPy",
];

/// What provides one, for the note that a suite ran without it.
fn provider(version: &str) -> &'static str {
    match version {
        "PyPy" => "Debian's package pypy3",
        "3.13t" | "3.14t" => "a build with --disable-gil, such as pyenv's",
        _ => "pyenv, or a package of the system",
    }
}

/// An interpreter on this machine.
pub(crate) struct Python {
    /// As in [`WANTED`].
    pub(crate) version: String,
    pub(crate) path: PathBuf,
}

impl Python {
    /// A spec that starts it.
    pub(crate) fn spec(&self) -> String {
        format!("popen//python='{}'", self.path.display())
    }

    pub(crate) fn is_2(&self) -> bool {
        self.version == "2.7"
    }
}

/// Runs `test` with every interpreter that is here, a fresh gateway each, within a deadline each.
pub(crate) fn each_python(test: fn(&Python, &Gateway)) {
    each_python_with("", quiet(), test);
}

/// The same, with more keys for the spec and settings for the group.
pub(crate) fn each_python_with(
    keys: &'static str,
    options: GroupOptions,
    test: fn(&Python, &Gateway),
) {
    for python in pythons() {
        let options = options.clone();
        within(&format!("Python {}", python.version), LONG, move || {
            println!("Python {}", python.version);
            let group = Group::with_options(options);
            let gateway = group.make_gateway(python.spec() + keys).unwrap();
            test(python, &gateway);
        });
    }
}

/// Settings under which workers do not write on the test's standard error.
pub(crate) fn quiet() -> GroupOptions {
    let mut options = GroupOptions::default();
    options.stderr = Stderr::Keep;
    options
}

/// A group of them.
pub(crate) fn group() -> Group {
    Group::with_options(quiet())
}

/// The next item.
pub(crate) fn receive(channel: &Channel) -> Value {
    channel.receive_timeout(LONG).unwrap().into_value()
}

/// Why no gateway could be made.
pub(crate) fn bootstrap_error(group: &Group, spec: &str) -> Box<BootstrapError> {
    match group.make_gateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => error,
        other => panic!("{spec}: {other:?}"),
    }
}

/// Runs `body` in a thread; panics by name when it takes longer than `limit`.
pub(crate) fn within<T: Send + 'static>(
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

/// Waits for something that another process does.
pub(crate) fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process runs, zombies not counted.
pub(crate) fn is_running(pid: i64) -> bool {
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// The niceness of a worker to which `nice=` adds this, to what this process has; 19 is the highest there is.
pub(crate) fn niceness(added: i32) -> i32 {
    let output = Command::new("nice").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let own: i32 = text.trim().parse().unwrap();
    (own + added).min(19)
}

/// The interpreters of [`WANTED`] that are here; the others are named once.
pub(crate) fn pythons() -> &'static [Python] {
    static PYTHONS: OnceLock<Vec<Python>> = OnceLock::new();
    PYTHONS.get_or_init(|| {
        let mut found = find();
        let all: Vec<Python> = WANTED
            .iter()
            .filter_map(|&version| match found.remove(version) {
                Some(path) => Some(Python {
                    version: version.to_owned(),
                    path,
                }),
                None => {
                    println!(
                        "skipped: Python {version}: no such interpreter on the path or below PYENV_ROOT (from: {})",
                        provider(version)
                    );
                    None
                }
            })
            .collect();
        assert!(
            !all.is_empty(),
            "no Python at all: the worker cannot be tested"
        );
        all
    })
}

fn find() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for directory in directories() {
        for version in WANTED {
            let name = match version {
                "PyPy" => "pypy3".to_owned(),
                version => format!("python{version}"),
            };
            let path = directory.join(name);
            if path.is_file() {
                found.entry(version.to_owned()).or_insert(path);
            }
        }
    }
    found
}

/// Where interpreters are, under names with their versions: what pyenv has installed, and the path. pyenv's shims
/// on the path are no interpreters: each stands for what is switched on, which may be nothing.
fn directories() -> Vec<PathBuf> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or(home);
    let versions = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let installed = versions.into_iter().flatten().flatten();
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).filter(|directory| !directory.ends_with("shims"));
    installed
        .map(|version| version.path().join("bin"))
        .chain(on_path)
        .collect()
}
