//! Syncs with a hostile peer in a process of its own: the rules of `docs/security.md`, one by one.
//!
//! The peers are written here, record by record, and use none of the crate's protocol code. If the victim is a worker,
//! in Python or in Rust, the peer is this process, its controller; if the victim is the controller, the peer is
//! `hostile-peer`, which runs a script.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod limits;
mod records;
mod sources;
mod stock;
mod swaps;
mod targets;
mod victim;

use core::error::Error;
use core::time::Duration;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use execnet::rsync::SyncError;
use execnet::serializer::{StrConfig, dumps};
use execnet::{Channel, Gateway, Group, Value, value};
use execnet_test_support::{LONG, group};

const HOSTILE: &str = concat!("popen//worker=", env!("CARGO_BIN_EXE_hostile-peer"));
const RUST: &str = concat!("popen//worker=", env!("CARGO_BIN_EXE_test-worker"));
const PYTHON: &str = "popen";

/// Of the file outside; no peer has anything set to it.
const SECRET_MODE: u32 = 0o604;

/// Where a test takes place: `root` is the tree, and nothing else is to change.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.root()).unwrap();
        fs::create_dir(place.outside()).unwrap();
        let secret = place.outside().join("secret");
        fs::write(&secret, "secret").unwrap();
        fs::set_permissions(secret, fs::Permissions::from_mode(SECRET_MODE)).unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.0.path().join("outside")
    }

    /// A script for the hostile peer, as the path that a sync is asked for.
    fn script(&self, steps: Vec<Value>) -> PathBuf {
        let path = self.0.path().join("script");
        fs::write(&path, dumps(&Value::List(steps)).unwrap()).unwrap();
        path
    }

    /// What the hostile peer was sent.
    fn heard(&self) -> Vec<u8> {
        fs::read(self.0.path().join("script.heard")).unwrap()
    }

    fn assert_outside_untouched(&self) {
        assert_eq!(names(&self.outside()), ["secret"]);
        let secret = self.outside().join("secret");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "secret");
        let meta = fs::metadata(secret).unwrap();
        assert_eq!(meta.mode() & 0o7777, SECRET_MODE, "its mode was set");
        assert_ne!(meta.mtime(), 0, "its time was set");
        for name in names(self.0.path()) {
            let expected = ["outside", "root", "script", "script.heard"];
            assert!(expected.contains(&&*name), "{name} was made");
        }
    }
}

/// A file with the time that all records tell.
fn write_at_seven(path: &Path) {
    fs::write(path, "1234").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let time = UNIX_EPOCH + Duration::from_nanos(7);
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn gateway(group: &Group, spec: &str) -> Gateway {
    group.make_gateway(spec).unwrap()
}

/// Begins a sync with an honest worker, as its controller: with a root record it is the target.
fn begin(gateway: &Gateway, path: &Path, root: Option<Vec<u8>>, more: &[&str]) -> Channel {
    begin_with(&program(root.is_some()), gateway, path, root, more)
}

/// The same with another program.
fn begin_with(
    program: &str,
    gateway: &Gateway,
    path: &Path,
    root: Option<Vec<u8>>,
    more: &[&str],
) -> Channel {
    let channel = gateway.remote_exec(program).unwrap();
    channel.reconfigure(StrConfig::STORED).unwrap();
    let flag = |name: &str| Value::Bool(more.contains(&name));
    let mut start = vec![
        (value!("version"), value!(3)),
        (value!("asked"), Value::Bool(true)),
        (value!("path"), Value::Bytes(path.to_str().unwrap().into())),
        (value!("window"), value!(1 << 20)),
    ];
    for name in [
        "delete",
        "checksum",
        "dry_run",
        "special_modes",
        "sparse",
        "hard_links",
        "fsync",
    ] {
        start.push((Value::from(name), flag(name)));
    }
    start.extend(root.map(|root| (value!("root"), Value::Bytes(root))));
    channel
        .send(Value::Dict(start.into_iter().collect()))
        .unwrap();
    let ready = channel.receive_timeout(LONG).unwrap().into_value();
    assert!(ready.as_dict().is_some(), "{ready}");
    channel
}

/// The program that this crate would send for a role.
fn program(target: bool) -> String {
    let home = execnet_test_support::root().join("std-transport/src/python/rsync");
    let role = if target { "target.py" } else { "source.py" };
    ["common.py", role]
        .map(|name| fs::read_to_string(home.join(name)).unwrap())
        .concat()
}

/// A step of a script.
fn words(words: &[&str]) -> Value {
    Value::List(words.iter().map(|&word| word.into()).collect())
}

/// The whole of an error, its causes included.
fn whole(error: &dyn Error) -> String {
    format!("{:#}", execnet::report(error))
}

fn refusal(error: &SyncError) -> String {
    assert!(error.is_protocol(), "{}", whole(error));
    whole(error)
}
