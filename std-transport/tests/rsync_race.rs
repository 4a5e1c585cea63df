//! A local process that swaps links into the tree while syncs run, at the target and at the source.
//!
//! For two seconds, or as long as `EXECNET_RACE_SECONDS` says: `EXECNET_RACE_SECONDS=30 cargo test --release -p execnet
//! --test rsync_race`.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "that is how a test fails; locks are used here as anywhere"
)]

mod support;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Instant;

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet::{Gateway, Group};

use support::{LONG, pythons, quiet, within};

const FOLDERS: usize = 4;
const FILES: usize = 12;
const SECRET: &str = "outside";

fn race(name: &'static str, swapped: &'static str, sync: fn(&Gateway, &Path)) {
    let seconds = std::env::var("EXECNET_RACE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(2));
    within(name, time + LONG, move || {
        let place = tempfile::tempdir().unwrap();
        let (root, outside) = (place.path(), place.path().join("outside"));
        fs::create_dir(&outside).unwrap();
        for folder in 0..FOLDERS {
            let folder = root.join(format!("from/d{folder}"));
            fs::create_dir_all(&folder).unwrap();
            for file in 0..FILES {
                fs::write(folder.join(format!("f{file}")), "inside").unwrap();
                fs::write(outside.join(format!("f{file}")), SECRET).unwrap();
            }
        }
        let group = Group::with_options(quiet());
        let gateway = group.makegateway(pythons().last().unwrap().spec()).unwrap();
        let (over, swaps, rounds) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    swap(&root.join(swapped), &outside, &swaps);
                }
            });
            let _stop = Stop(&over);
            let end = Instant::now() + time;
            while Instant::now() < end {
                sync(&gateway, root);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        println!("{name}: {rounds:?} syncs against {swaps:?} swaps");
        assert!(swaps.into_inner() > 100 && rounds.into_inner() > 2);
        check_outside(&outside);
    });
}

/// Ends the swapping however the syncs ended.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Puts a link in the place of each folder, and the folder back.
fn swap(tree: &Path, outside: &Path, swaps: &AtomicU64) {
    for number in 0..FOLDERS {
        let (folder, aside) = (
            tree.join(format!("d{number}")),
            tree.join(format!("aside{number}")),
        );
        if fs::rename(&folder, &aside).is_err() {
            continue;
        }
        if symlink(outside, &folder).is_ok() {
            swaps.fetch_add(1, Ordering::Relaxed);
            thread::yield_now();
            // The sync may have put a folder in its place meanwhile: that one goes.
            if fs::remove_file(&folder).is_err() {
                let _ = fs::remove_dir_all(&folder);
            }
        }
        let _ = fs::rename(&aside, &folder);
    }
}

fn check_outside(outside: &Path) {
    let mut names: Vec<_> = fs::read_dir(outside)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names.len(), FILES, "{names:?}");
    for name in names {
        assert_eq!(fs::read_to_string(outside.join(name)).unwrap(), SECRET);
    }
}

fn check_inside(tree: &Path) {
    for folder in 0..FOLDERS {
        for file in 0..FILES {
            let content = fs::read_to_string(tree.join(format!("d{folder}/f{file}")));
            assert!(
                !content.is_ok_and(|content| content == SECRET),
                "something outside was read"
            );
        }
    }
}

fn touch(tree: &Path) {
    for folder in 0..FOLDERS {
        for file in 0..FILES {
            // Gone while it is swapped.
            let _ = fs::remove_file(tree.join(format!("d{folder}/f{file}")));
        }
    }
}

/// The worker's side is confined.
#[test]
fn links_swapped_into_the_target_of_a_push_lead_nowhere() {
    race("push", "to", |gateway, root| {
        let mut rsync = RSync::new(root.join("from"));
        rsync.add_target(gateway, root.join("to"), TargetOptions::new().delete(true));
        rsync.send().unwrap();
    });
}

/// This side is.
#[test]
fn links_swapped_into_the_target_of_a_pull_lead_nowhere() {
    race("pull", "to", |gateway, root| {
        let to = root.join("to");
        let options = TargetOptions::new().delete(true);
        RSync::new(root.join("from"))
            .pull(gateway, to, options)
            .unwrap();
    });
}

/// What is sent is what is in the tree: the links that were in it for a moment are refused, as they lead out.
#[test]
fn links_swapped_into_the_source_are_not_read_through() {
    race("source", "from", |gateway, root| {
        let mut rsync = RSync::new(root.join("from"));
        rsync.links(Links::Refuse);
        rsync.add_target(gateway, root.join("to"), TargetOptions::new());
        rsync.send().unwrap();
        check_inside(&root.join("to"));
        touch(&root.join("to"));
    });
}
