//! A local process that swaps links into the tree during a sync, at the target and at the source, for each combination
//! of Python and Rust.
//!
//! Each runs for a second, or for `EXECNET_RACE_SECONDS`: `EXECNET_RACE_SECONDS=30 cargo test --release -p execnet
//! --test rsync race -- --nocapture` also prints the counts.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{LONG, pythons, quiet, with_worker, within};

const FOLDERS: usize = 4;
const FILES: usize = 12;
const SECRET: &[u8] = b"outside";
/// Of what is outside, which nothing that is synced has.
const MODES: [u32; 2] = [0o711, 0o604];

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
enum Worker {
    Python,
    Rust,
}

impl Worker {
    fn with(self, test: impl FnOnce(&Gateway)) {
        match self {
            Self::Rust => with_worker(test),
            Self::Python => {
                let group = Group::with_options(quiet());
                let spec = pythons().last().unwrap().spec();
                test(&group.make_gateway(spec).unwrap());
            }
        }
    }
}

/// Where the links come and go.
#[derive(Debug, Clone, Copy)]
enum Swapped {
    Source,
    Target,
}

/// Syncs for the time given, and at least until the race was one.
fn race(name: &'static str, worker: Worker, swapped: Swapped, sync: fn(&Gateway, &Path)) {
    let seconds = std::env::var("EXECNET_RACE_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(1));
    within(name, time + 2 * LONG, move || {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        build(root);
        let tree = match swapped {
            Swapped::Source => root.join("from"),
            Swapped::Target => root.join("to"),
        };
        let (over, swaps, mut rounds) = (AtomicBool::new(false), AtomicU64::new(0), 0_u32);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    swap_all(&tree, &root.join("outside"), &swaps);
                }
            });
            let _stop = Stop(&over);
            worker.with(|gateway| {
                let end = Instant::now() + time;
                while Instant::now() < end || rounds < 3 || swaps.load(Ordering::Relaxed) < 100 {
                    prepare(root, swapped, rounds);
                    sync(gateway, root);
                    rounds += 1;
                }
                // It also looks at what the last round has read.
                prepare(root, swapped, rounds);
            });
        });
        let swaps = swaps.into_inner();
        println!("{name}, {worker:?}, {swapped:?}: {rounds} syncs against {swaps} swaps");
        check_outside(&root.join("outside"));
    });
}

/// Sees to it that the next round has something to send. Only the side that nobody swaps in is touched.
fn prepare(root: &Path, swapped: Swapped, round: u32) {
    match swapped {
        Swapped::Source => {
            for path in files(&root.join("to")) {
                let secret = fs::read(&path).is_ok_and(|content| content == SECRET);
                assert!(!secret, "something outside was read");
                // It is not there where its source was swapped away.
                let _ = fs::remove_file(path);
            }
        }
        Swapped::Target => write_source(root, round),
    }
}

/// Ends the swapping however the syncs ended.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn build(root: &Path) {
    let outside = root.join("outside");
    fs::create_dir(&outside).unwrap();
    for path in names().map(|name| outside.join(name)) {
        fs::write(&path, SECRET).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(MODES[1])).unwrap();
    }
    fs::set_permissions(&outside, fs::Permissions::from_mode(MODES[0])).unwrap();
    for number in 0..FOLDERS {
        fs::create_dir_all(root.join(format!("from/d{number}"))).unwrap();
    }
    write_source(root, 0);
}

/// Other content in each round, as long as the secret: a comparison is a matter of reading.
fn write_source(root: &Path, round: u32) {
    for path in files(&root.join("from")) {
        fs::write(path, format!("inside{}", round % 10)).unwrap();
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..FILES).map(|number| format!("f{number}"))
}

/// Where the files of a tree are to be.
fn files(tree: &Path) -> impl Iterator<Item = PathBuf> {
    let folders = (0..FOLDERS).map(|number| tree.join(format!("d{number}")));
    folders.flat_map(|folder| names().map(move |name| folder.join(name)))
}

/// In a tree, one after the other: each folder, and a file in it.
fn swap_all(tree: &Path, outside: &Path, swaps: &AtomicU64) {
    for number in 0..FOLDERS {
        let (folder, file) = (tree.join(format!("d{number}")), format!("f{number}"));
        swap(&folder, &tree.join("aside"), outside, swaps);
        swap(
            &folder.join(&file),
            &folder.join("aside"),
            &outside.join(file),
            swaps,
        );
    }
}

/// Puts a link in the place of a thing for a moment.
fn swap(thing: &Path, aside: &Path, outside: &Path, swaps: &AtomicU64) {
    if fs::rename(thing, aside).is_err() {
        return;
    }
    if symlink(outside, thing).is_ok() {
        swaps.fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
        // The sync may have put something of its own in its place meanwhile: that goes.
        if fs::remove_file(thing).is_err() {
            let _ = fs::remove_dir_all(thing);
        }
    }
    let _ = fs::rename(aside, thing);
}

fn check_outside(outside: &Path) {
    let entries = fs::read_dir(outside).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), FILES, "{names:?}");
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
    for path in names.iter().map(|name| outside.join(name)) {
        assert_eq!(fs::read(&path).unwrap(), SECRET);
        assert_eq!(mode(&path), MODES[1], "its mode was set");
    }
    assert_eq!(mode(outside), MODES[0], "its mode was set");
}

fn push(gateway: &Gateway, root: &Path) {
    let mut rsync = RSync::new(root.join("from"))
        .with_links(Links::Refuse)
        .with_checksum(true);
    let options = TargetOptions::new().with_delete(true);
    rsync.add_target(gateway, root.join("to"), options);
    let report = rsync.send().unwrap().remove(0);
    assert!(report.error.is_none(), "{report:?}");
}

fn pull(gateway: &Gateway, root: &Path) {
    let options = TargetOptions::new().with_delete(true);
    let mut rsync = RSync::new(root.join("from")).with_checksum(true);
    let pulled = rsync.pull(gateway, root.join("to"), options);
    pulled.unwrap();
}

#[test]
fn links_swapped_into_the_target_of_a_push_lead_a_worker_in_python_nowhere() {
    race("push", Worker::Python, Swapped::Target, push);
}

#[test]
fn links_swapped_into_the_target_of_a_push_lead_a_worker_in_rust_nowhere() {
    race("push", Worker::Rust, Swapped::Target, push);
}

/// This side is the one that is confined, whoever sends.
#[test]
fn links_swapped_into_the_target_of_a_pull_lead_nowhere() {
    race("pull", Worker::Python, Swapped::Target, pull);
}

#[test]
fn links_swapped_into_the_source_of_a_push_are_not_read_through() {
    race("push", Worker::Python, Swapped::Source, push);
}

#[test]
fn links_swapped_into_the_source_of_a_pull_are_not_read_through_in_python() {
    race("pull", Worker::Python, Swapped::Source, pull);
}

#[test]
fn links_swapped_into_the_source_of_a_pull_are_not_read_through_in_rust() {
    race("pull", Worker::Rust, Swapped::Source, pull);
}
