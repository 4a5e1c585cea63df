//! Random trees that are synced, changed and synced again. In both directions, with workers in Python and in Rust.
//!
//! `EXECNET_TREES=1000 cargo test --release -p execnet --test rsync random_trees` runs 1,000 trees instead of 8.

mod trees;

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::fs;
use std::path::Path;

use execnet::rsync::{Links, RSync, Report, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{Direction, Python, pythons, quiet, with_worker, within};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use trees::{Tree, build, portrait, tree};

/// For each test; more trees get more.
const LIMIT: Duration = Duration::from_secs(60);

fn sync(
    direction: Direction,
    gateway: &Gateway,
    from: &Path,
    to: &Path,
    options: TargetOptions,
) -> Report {
    let report = sync_some(direction, gateway, from, to, options);
    assert_eq!(report.failed, []);
    report
}

/// The same if some entries may fail.
fn sync_some(
    direction: Direction,
    gateway: &Gateway,
    from: &Path,
    to: &Path,
    options: TargetOptions,
) -> Report {
    let rsync = RSync::new(from).with_links(Links::Keep);
    direction.sync(rsync, gateway, to, options)
}

/// How exact a worker is about times.
#[derive(Debug, Clone, Copy)]
enum Times {
    Exact,
    /// To a microsecond or two, and before 1970 to a second: Python 2 has them as floats.
    Float,
}

impl Times {
    fn of(python: &Python) -> Self {
        match python.is_2() {
            true => Self::Float,
            false => Self::Exact,
        }
    }

    /// In nanoseconds.
    const fn tolerance(self, mtime: i64) -> i64 {
        match self {
            Self::Exact => 0,
            Self::Float if mtime < 0 => 1_000_000_000,
            Self::Float => 2_000,
        }
    }
}

/// Runs the test with each kind of worker and in both directions: with the oldest and the newest Python there is.
fn each_direction(test: fn(&Gateway, Direction, Times)) {
    let (all, count) = (pythons(), pythons().len());
    let ends = all.iter().enumerate();
    let ends = ends.filter(|&(at, _)| at == 0 || at + 1 == count);
    for direction in [Direction::Push, Direction::Pull] {
        for (_, python) in ends.clone() {
            println!("{direction:?}, Python {}", python.version);
            within(&python.version, limit(), move || {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(python.spec()).unwrap();
                test(&gateway, direction, Times::of(python));
            });
        }
        println!("{direction:?}, Rust");
        within("Rust", limit(), move || {
            with_worker(|gateway| test(gateway, direction, Times::Exact));
        });
    }
}

fn cases() -> u32 {
    let cases = std::env::var("EXECNET_TREES").ok();
    cases.map_or(8, |text| text.parse().unwrap())
}

fn limit() -> Duration {
    LIMIT * cases().div_ceil(50)
}

fn for_trees(test: impl Fn(Tree, Tree)) {
    let mut config = ProptestConfig::with_cases(cases());
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let trees = (tree(), tree());
    let tested = runner.run(&trees, |(one, other)| {
        test(one, other);
        Ok(())
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

fn assert_same(from: &Path, to: &Path, times: Times) {
    let (source, target) = (portrait(from), portrait(to));
    assert!(source.keys().eq(target.keys()), "{source:?} {target:?}");
    for (path, ours) in &source {
        let theirs = &target[path];
        assert_eq!(ours.mode, theirs.mode, "mode of {path:?}");
        assert!(ours.content == theirs.content, "content of {path:?}");
        let off = (ours.mtime - theirs.mtime).abs();
        assert!(
            off <= times.tolerance(ours.mtime),
            "time of {path:?} is off by {off} ns"
        );
    }
}

#[test]
fn trees_are_the_same_after_a_sync_and_after_the_next() {
    each_direction(|gateway, direction, times| {
        for_trees(|before, after| {
            let place = tempfile::tempdir().unwrap();
            let (from, to) = (place.path().join("from"), place.path().join("to"));
            let options = TargetOptions::new().with_delete(true);
            for things in [&before, &after] {
                let _ = fs::remove_dir_all(&from);
                fs::create_dir(&from).unwrap();
                build(&from, things);
                sync(direction, gateway, &from, &to, options);
                assert_same(&from, &to, times);
                let again = sync(direction, gateway, &from, &to, options);
                let done = again.sent.len() + again.linked.len() + again.deleted.len();
                assert_eq!((done, again.unchanged), (0, again.files), "{again:?}");
            }
        });
    });
}

#[test]
fn without_delete_the_other_things_stay() {
    each_direction(|gateway, direction, _| {
        for_trees(|source, there| {
            let place = tempfile::tempdir().unwrap();
            let (from, to) = (place.path().join("from"), place.path().join("to"));
            for (path, things) in [(&from, &source), (&to, &there)] {
                fs::create_dir(path).unwrap();
                build(path, things);
            }
            let before = portrait(&to);
            let report = sync_some(direction, gateway, &from, &to, TargetOptions::new());
            let failed: BTreeSet<_> = report.failed.iter().map(|entry| &*entry.path).collect();
            let (source, after) = (portrait(&from), portrait(&to));
            let is_folder = |mode| mode & 0o170_000 == 0o040_000;
            for (path, here) in &source {
                let has_entries = before.keys().any(|there| there.parent() == Some(path));
                let blocked = has_entries && !is_folder(here.mode);
                assert_eq!(failed.contains(&**path), blocked, "{path:?}");
                if blocked {
                    continue;
                }
                let there = after.get(path).map(|there| (there.mode, &there.content));
                assert_eq!(there, Some((here.mode, &here.content)), "{path:?}");
            }
            for path in before.keys() {
                assert!(after.contains_key(path), "{path:?} is gone");
            }
        });
    });
}

/// Deeper than any path that can be opened as one.
#[test]
fn a_tree_beyond_the_longest_path_arrives() {
    const DEPTH: usize = 150;
    const NAME: &str = "a-folder-with-a-name-of-thirty";
    each_direction(|gateway, direction, _| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir(path("from")).unwrap();
        fs::write(path("from/f"), "deep").unwrap();
        for _ in 0..DEPTH {
            fs::create_dir(path("around")).unwrap();
            fs::rename(path("from"), path("around").join(NAME)).unwrap();
            fs::rename(path("around"), path("from")).unwrap();
        }
        let report = sync(
            direction,
            gateway,
            &path("from"),
            &path("to"),
            TargetOptions::new(),
        );
        let longest = report.sent[0].as_os_str().len();
        assert!(longest > 4096, "{longest}");
        for _ in 0..DEPTH {
            fs::rename(path("to").join(NAME), path("inner")).unwrap();
            fs::remove_dir(path("to")).unwrap();
            fs::rename(path("inner"), path("to")).unwrap();
        }
        assert_eq!(fs::read(path("to/f")).unwrap(), b"deep");
    });
}
