//! Syncs with a worker that may not read or write every file: each such file is reported by itself.
//!
//! The superuser may read and write every file, so where the tests run as root these run as nobody.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use execnet::rsync::{NotSynced, RSync, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{LONG, find, quiet, within};

const WORKER: &str = env!("CARGO_BIN_EXE_test-worker");
const AS_NOBODY: &str = "setpriv --reuid 65534 --regid 65534 --clear-groups";

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

/// The workers that there are: in Python and in Rust.
fn specs() -> Vec<String> {
    let pythons = [find("python3"), Some("/usr/bin/python3".into())];
    let python = pythons
        .into_iter()
        .flatten()
        .find_map(|path| unprivileged(&path));
    let rust = unprivileged(Path::new(WORKER));
    let workers = [("python", python), ("worker", rust)];
    let specs = workers.into_iter().filter_map(|(key, command)| {
        if command.is_none() {
            println!("skipped: {key}=: nobody may not run it where it is");
        }
        Some(format!("popen//{key}={}", command?))
    });
    specs.collect()
}

/// The command that starts the program so, if it can be.
fn unprivileged(program: &Path) -> Option<String> {
    let command = match is_root() {
        true => format!("{AS_NOBODY} {}", program.display()),
        false => program.display().to_string(),
    };
    let mut words = command.split(' ');
    let mut trial = Command::new(words.next()?);
    let trial = trial.args(words).stdin(Stdio::null()).output();
    // Beyond that are those of setpriv, for a program that it cannot start.
    let started = trial.is_ok_and(|output| output.status.code().is_some_and(|code| code < 126));
    started.then_some(command)
}

fn each(test: fn(&Gateway)) {
    for spec in specs() {
        println!("{spec}");
        within(&spec.clone(), LONG, move || {
            let group = Group::with_options(quiet());
            test(&group.make_gateway(spec).unwrap());
        });
    }
}

/// A place that everybody can look into.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        set_mode(place.0.path(), 0o755);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn paths(entries: &[NotSynced]) -> Vec<&str> {
    let paths = entries.iter().map(|one| one.path.to_str().unwrap());
    let mut paths: Vec<_> = paths.collect();
    paths.sort_unstable();
    paths
}

#[test]
fn files_that_a_source_may_not_read_are_reported_and_not_deleted() {
    each(|gateway| {
        let place = Place::new();
        for name in ["open", "closed", "shut/f", "no-entry/f"] {
            place.write(&format!("from/{name}"));
            place.write(&format!("to/{name}"));
        }
        place.write("to/old");
        for (name, mode) in [("closed", 0o000), ("shut", 0o000), ("no-entry", 0o444)] {
            set_mode(&place.path("from").join(name), mode);
        }
        let options = TargetOptions::new().with_delete(true);
        let pulled = RSync::new(place.path("from")).pull(gateway, place.path("to"), options);
        for name in ["shut", "no-entry"] {
            set_mode(&place.path("from").join(name), 0o755);
        }
        let report = pulled.unwrap();
        assert_eq!(report.sent, [Path::new("open")], "{report:?}");
        // Python lists a folder that it may not enter, and then may not look at what is in it.
        let failed = paths(&report.failed);
        let no_entry = failed.get(1).copied().unwrap_or_default();
        assert!(no_entry.starts_with("no-entry"), "{report:?}");
        assert_eq!(failed, ["closed", no_entry, "shut"]);
        for failed in &report.failed {
            let reason = &failed.reason;
            let said = ["ermission denied", "could not list"];
            assert!(said.iter().any(|text| reason.contains(text)), "{reason}");
        }
        assert_eq!(report.deleted, [Path::new("old")]);
        for name in ["closed", "shut/f", "no-entry/f"] {
            let content = fs::read_to_string(place.path("to").join(name));
            assert_eq!(content.unwrap(), format!("to/{name}"));
        }
    });
}

#[test]
fn files_that_a_target_may_not_write_are_reported_and_the_rest_is_synced() {
    each(|gateway| {
        let place = Place::new();
        for name in [
            "from/f",
            "from/free/g",
            "from/none/h",
            "to/extra",
            "to/free/old",
        ] {
            place.write(name);
        }
        set_mode(&place.path("to/free"), 0o777);
        set_mode(&place.path("to"), 0o555);
        let mut rsync = RSync::new(place.path("from"));
        let options = TargetOptions::new().with_delete(true);
        rsync.add_target(gateway, place.path("to"), options);
        let target = rsync.send().unwrap().remove(0);
        set_mode(&place.path("to"), 0o755);
        assert!(target.error.is_none(), "{target:?}");
        let report = target.report;
        assert_eq!(report.sent, [Path::new("free/g")], "{report:?}");
        assert_eq!(report.deleted, [Path::new("free/old")]);
        // The folders too, where they are not the worker's own.
        let failed = paths(&report.failed);
        assert!(
            ["f", "none", "none/h", "extra"]
                .iter()
                .all(|name| failed.contains(name)),
            "{report:?}"
        );
        assert_eq!((report.files, report.unchanged), (3, 0), "{report:?}");
        assert!(!place.path("to/f").exists() && place.path("to/extra").exists());
    });
}
