//! Syncs on Windows in both directions, with a worker in Rust and one in Python. `EXECNET_WINDOWS_PYTHON` is the path
//! of that Python's `python.exe`.
#![cfg(windows)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use execnet::rsync::{RSync, Report, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{Direction, LONG, quiet, with_worker, within};

/// Runs the test in both directions, with a worker in Rust.
fn with_rust(test: fn(&Gateway, Direction)) {
    for direction in [Direction::Push, Direction::Pull] {
        println!("{direction:?}, Rust");
        within("Rust", LONG, move || {
            with_worker(|gateway| test(gateway, direction));
        });
    }
}

/// The same with a worker in Python.
fn with_python(test: fn(&Gateway, Direction)) {
    let Some(python) = std::env::var_os("EXECNET_WINDOWS_PYTHON") else {
        println!("skipped: EXECNET_WINDOWS_PYTHON names no python.exe");
        return;
    };
    let spec = format!("popen//python='{}'", python.to_string_lossy());
    for direction in [Direction::Push, Direction::Pull] {
        println!("{direction:?}, Python");
        let spec = spec.clone();
        within("Python", LONG, move || {
            let group = Group::with_options(quiet());
            test(&group.make_gateway(spec).unwrap(), direction);
        });
    }
}

/// Syncs, and nothing fails.
fn sync(
    direction: Direction,
    rsync: RSync,
    gateway: &Gateway,
    to: &Path,
    options: TargetOptions,
) -> Report {
    let report = direction.sync(rsync, gateway, to, options);
    assert_eq!(report.failed, []);
    report
}

type Portrait = BTreeMap<PathBuf, (bool, SystemTime, Vec<u8>)>;

/// Everything that a sync keeps of a tree on Windows.
fn portrait(root: &Path) -> Portrait {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let mut content = Vec::new();
            if meta.is_dir() {
                folders.push(path.clone());
            } else {
                content = fs::read(&path).unwrap();
            }
            let key = path.strip_prefix(root).unwrap().to_path_buf();
            let portrait = (
                meta.permissions().readonly(),
                meta.modified().unwrap(),
                content,
            );
            found.insert(key, portrait);
        }
    }
    found
}

fn set_read_only(path: &Path, read_only: bool) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    permissions.set_readonly(read_only);
    fs::set_permissions(path, permissions).unwrap();
}

fn trees_are_kept(gateway: &Gateway, direction: Direction) {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::create_dir_all(path("from/d/empty")).unwrap();
    fs::create_dir_all(path("from/\u{fc}ber")).unwrap();
    for (name, size) in [
        ("from/d/large", 3_000_000),
        ("from/d/none", 0),
        ("from/\u{fc}ber/\u{1f600}", 40_000),
        ("from/ReadMe", 5),
        ("from/fixed", 6),
    ] {
        fs::write(path(name), vec![7; size]).unwrap();
        let file = fs::File::options().write(true).open(path(name)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_500_000_000, 123_456_700);
        file.set_modified(time).unwrap();
    }
    set_read_only(&path("from/fixed"), true);
    let sync = |rsync: RSync, options| sync(direction, rsync, gateway, &path("to"), options);
    let delete = TargetOptions::new().with_delete(true);
    let report = sync(RSync::new(path("from")), delete);
    assert_eq!((report.sent.len(), report.unchanged), (5, 0), "{report:?}");
    assert_eq!(portrait(&path("to")), portrait(&path("from")));
    let report = sync(RSync::new(path("from")), delete);
    assert_eq!((report.sent.len(), report.unchanged), (0, 5), "{report:?}");
    let report = sync(RSync::new(path("from")).with_checksum(true), delete);
    assert_eq!(report.deleted, [] as [PathBuf; 0]);
    assert_eq!((report.bytes, report.unchanged), (0, 5), "{report:?}");

    // Other content in a read-only file, what the source does not have, and a name in other case.
    set_read_only(&path("to/fixed"), false);
    fs::write(path("to/fixed"), "other content").unwrap();
    set_read_only(&path("to/fixed"), true);
    fs::create_dir_all(path("to/d/extra/inner")).unwrap();
    fs::write(path("to/d/extra/inner/f"), "").unwrap();
    set_read_only(&path("to/d/extra/inner/f"), true);
    fs::rename(path("to/ReadMe"), path("to/other")).unwrap();
    fs::rename(path("to/other"), path("to/README")).unwrap();
    let report = sync(RSync::new(path("from")), delete);
    assert_eq!(report.sent, [Path::new("fixed")]);
    assert_eq!(report.deleted, [Path::new("d/extra")]);
    assert_eq!(fs::read(path("to/readme")).unwrap(), [7; 5]);
    set_read_only(&path("from/fixed"), false);
    set_read_only(&path("to/fixed"), false);
}

#[test]
fn a_tree_goes_to_a_worker_in_rust_and_back() {
    with_rust(trees_are_kept);
}

#[test]
fn a_tree_goes_to_a_worker_in_python_and_back() {
    with_python(trees_are_kept);
}

fn names_of_a_file_are_kept(gateway: &Gateway, direction: Direction) {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::create_dir_all(path("from/d")).unwrap();
    fs::write(path("from/a"), "content").unwrap();
    fs::hard_link(path("from/a"), path("from/d/b")).unwrap();
    let rsync = || RSync::new(path("from")).with_hard_links(true);
    let options = TargetOptions::new();
    let report = sync(direction, rsync(), gateway, &path("to"), options);
    assert_eq!(report.sent, [Path::new("a")]);
    assert_eq!(report.linked, [Path::new("d/b")]);
    fs::write(path("to/a"), "through").unwrap();
    assert_eq!(fs::read(path("to/d/b")).unwrap(), b"through");
    let report = sync(
        direction,
        rsync().with_checksum(true),
        gateway,
        &path("to"),
        options,
    );
    assert_eq!(report.sent, [Path::new("a")]);
}

#[test]
fn names_of_a_file_are_kept_by_a_worker_in_rust() {
    with_rust(names_of_a_file_are_kept);
}

#[test]
fn names_of_a_file_are_kept_by_a_worker_in_python() {
    with_python(names_of_a_file_are_kept);
}

fn what_cannot_be_is_an_error(gateway: &Gateway, direction: Direction) {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    fs::create_dir_all(path("from/d")).unwrap();
    fs::write(path("from/f"), "f").unwrap();
    let try_sync = |from: &str, to: &str, options| {
        let rsync = RSync::new(path(from));
        direction.try_sync(rsync, gateway, &path(to), options)
    };
    let options = TargetOptions::new();
    for (from, to, part) in [
        ("from", "from/d", "copied into itself"),
        ("from", "from/new", "copied into itself"),
        ("from", "from", "the source itself"),
    ] {
        let error = try_sync(from, to, options).unwrap_err();
        assert!(error.is_destination(), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = try_sync("from", "", options.with_delete(true)).unwrap_err();
    assert!(error.to_string().contains("the source is in it"), "{error}");
    fs::write(path("file"), "").unwrap();
    let error = try_sync("from", "file", options).unwrap_err();
    assert!(error.is_destination(), "{error}");
    assert_eq!(fs::read_dir(path("from")).unwrap().count(), 2);

    // A single file, under another name and into a directory.
    let to = format!("{}/", path("to").display());
    try_sync("from/f", "renamed", options).unwrap();
    let rsync = RSync::new(path("from/f"));
    sync(direction, rsync, gateway, Path::new(&to), options);
    assert_eq!(fs::read(path("renamed")).unwrap(), b"f");
    assert_eq!(fs::read(path("to/f")).unwrap(), b"f");
}

#[test]
fn what_cannot_be_is_an_error_of_a_worker_in_rust() {
    with_rust(what_cannot_be_is_an_error);
}

#[test]
fn what_cannot_be_is_an_error_of_a_worker_in_python() {
    with_python(what_cannot_be_is_an_error);
}
