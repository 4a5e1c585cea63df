//! A receiver that is killed during a sync leaves each file whole: the old file or the new one.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::rsync::{Event, RSync, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{LONG, quiet, within};

const RUST: &str = concat!("popen//worker=", env!("CARGO_BIN_EXE_test-worker"));
const PYTHON: &str = "popen";

const FILES: usize = 40;
/// How often it is killed, each time a little later.
const ROUNDS: u32 = 16;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in [place.from(), place.to()] {
            fs::create_dir_all(folder.join("d")).unwrap();
        }
        place
    }

    fn from(&self) -> PathBuf {
        self.0.path().join("from")
    }

    fn to(&self) -> PathBuf {
        self.0.path().join("to")
    }

    /// Files that come in one piece, and some that come in several.
    fn prepare(&self) {
        for file in names() {
            fs::write(self.to().join(&file), old(&file)).unwrap();
            fs::write(self.from().join(&file), new(&file)).unwrap();
        }
    }

    /// How many files are the new ones already.
    fn check(&self, when: &str) -> usize {
        let is_new = |file: &String| {
            let content = fs::read(self.to().join(file)).unwrap();
            let whole = content == old(file) || content == new(file);
            assert!(whole, "{when}: {file} has {} bytes", content.len());
            content == new(file)
        };
        names().filter(is_new).count()
    }

    /// What is in the folders beside the files.
    fn left_over(&self) -> Vec<String> {
        let beside = |folder: &Path| {
            let entries = fs::read_dir(folder).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.filter(|name| name.starts_with('.')).collect()
        };
        let folders: [Vec<String>; 2] = [beside(&self.to()), beside(&self.to().join("d"))];
        folders.concat()
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..FILES).map(|number| match number % 2 {
        0 => format!("f{number}"),
        _ => format!("d/f{number}"),
    })
}

fn new(file: &str) -> Vec<u8> {
    let large = file.ends_with('5');
    file.as_bytes().repeat(if large { 150_000 } else { 3_000 })
}

fn old(file: &str) -> Vec<u8> {
    b"old".repeat(file.len() * 500)
}

/// Syncs, and kills the worker so long after the files were asked for.
fn sync(place: &Place, gateway: &Gateway, delay: Option<Duration>) -> Duration {
    let (asked, first) = mpsc::channel();
    let mut rsync = RSync::new(place.from()).with_callback(move |event| {
        if matches!(event, Event::Asked { .. }) {
            let _ = asked.send(Instant::now());
        }
    });
    rsync.add_target(gateway, place.to(), TargetOptions::new());
    let victim = gateway.clone();
    let killing = thread::spawn(move || {
        let begun = first.recv_timeout(LONG).unwrap();
        if let Some(delay) = delay {
            thread::sleep(delay.saturating_sub(begun.elapsed()));
            victim.kill();
        }
        begun
    });
    let target = rsync.send().unwrap().remove(0);
    drop(rsync);
    assert!(delay.is_some() || target.is_complete(), "{target:?}");
    killing.join().unwrap().elapsed()
}

fn gateway(group: &Group, spec: &str) -> Gateway {
    group.make_gateway(spec).unwrap()
}

/// How long one takes that nobody disturbs: the shortest of some, as the machine may be busy with something else.
fn whole_sync(place: &Place, group: &Group, spec: &str) -> Duration {
    let whole = |_| {
        place.prepare();
        let time = sync(place, &gateway(group, spec), None);
        assert_eq!(place.check("whole"), FILES);
        time
    };
    (0..3).map(whole).min().unwrap()
}

/// From before the first file to after the last, by the time that a whole sync takes.
fn killed(spec: &'static str) {
    within(spec, 4 * LONG, move || {
        let (group, place) = (Group::with_options(quiet()), Place::new());
        let whole = whole_sync(&place, &group, spec);
        let mut arrived = Vec::new();
        for round in 0..ROUNDS {
            place.prepare();
            let delay = whole * round / ROUNDS;
            sync(&place, &gateway(&group, spec), Some(delay));
            arrived.push(place.check(&format!("killed after {delay:?}")));
            let left_over = place.left_over();
            // It works at one file at a time.
            assert!(
                left_over.len() <= usize::try_from(round + 1).unwrap(),
                "{left_over:?}"
            );
        }
        println!("{spec}: of {FILES} files {arrived:?} had arrived");
        resume(&place, &gateway(&group, spec));
    });
}

/// The next sync goes through, and takes what was left behind with it.
fn resume(place: &Place, gateway: &Gateway) {
    let mut rsync = RSync::new(place.from());
    rsync.add_target(gateway, place.to(), TargetOptions::new().with_delete(true));
    let target = rsync.send().unwrap().remove(0);
    assert!(target.is_complete(), "{target:?}");
    assert_eq!(place.check("resumed"), FILES);
    assert_eq!(place.left_over(), [""; 0]);
}

#[test]
fn a_worker_in_python_that_is_killed_leaves_every_file_whole() {
    killed(PYTHON);
}

#[test]
fn a_worker_in_rust_that_is_killed_leaves_every_file_whole() {
    killed(RUST);
}
