//! Syncs in both directions with workers in Python, on the installed interpreters, and in Rust.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "that is how a test fails; locks are used here as anywhere"
)]

extern crate alloc;

mod depth;
mod failures;
mod keeps;
mod link_farms;
mod links;
mod options;
mod overlap;
#[cfg(target_os = "linux")]
mod pieces;
mod race;
mod random_trees;
mod report;
mod rust_worker;
mod single_file;
mod targets;
mod times;
mod trees;
mod windows;

use alloc::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use execnet::rsync::TargetReport;

/// A source and a destination.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.from()).unwrap();
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn from(&self) -> PathBuf {
        self.at("from")
    }

    fn to(&self) -> PathBuf {
        self.at("to")
    }
}

type Portrait = BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)>;

/// Everything that a sync keeps of a tree. Times are divided by `unit`, as Python 2 has only microseconds.
fn portrait(root: &Path, unit: i64) -> Portrait {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let times = (meta.mtime(), meta.mtime_nsec() / unit);
            let key = path.strip_prefix(root).unwrap().to_path_buf();
            let portrait = if meta.is_dir() {
                folders.push(path);
                (meta.mode(), times.0, times.1, Vec::new())
            } else if meta.is_symlink() {
                let target = fs::read_link(&path).unwrap().into_os_string().into_vec();
                (0o120_777, 0, 0, target)
            } else {
                (meta.mode(), times.0, times.1, fs::read(&path).unwrap())
            };
            found.insert(key, portrait);
        }
    }
    found
}

fn complete(reports: Vec<TargetReport>) -> Vec<TargetReport> {
    for target in &reports {
        assert!(target.error.is_none(), "{:?}", target.error);
        assert_eq!(target.report.failed, []);
    }
    reports
}
