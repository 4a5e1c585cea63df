//! A source and a destination of which one contains the other: what would delete or repeat itself is refused. In both
//! directions, with workers in Python and in Rust.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use execnet::Gateway;
use execnet::rsync::{NotSynced, RSync, TargetOptions};
use execnet_test_support::{Direction, LONG, each_direction};

use crate::failures::assert_is_a_line;

#[test]
fn a_destination_that_has_the_source_in_it_is_not_cleaned_of_it() {
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("to/deep/from")).unwrap();
        fs::write(path("to/deep/from/f"), "f").unwrap();
        fs::write(path("to/old"), "").unwrap();
        symlink("to", path("other-name")).unwrap();
        let (from, delete) = (path("to/deep/from"), TargetOptions::new().with_delete(true));
        for to in [path("to"), path("other-name"), path("to/deep")] {
            let error = refusal(direction, gateway, RSync::new(&from), &to, delete);
            assert_is_a_line(&error, "the source is in it");
            assert_eq!(fs::read(from.join("f")).unwrap(), b"f");
            assert!(path("to/old").exists());
        }
        // Beside it, and above it without deletions, there is no danger.
        let sync = |to: PathBuf, options| direction.sync(RSync::new(&from), gateway, &to, options);
        assert_eq!(sync(path("beside"), delete).sent, [Path::new("f")]);
        assert_eq!(sync(path("beside"), delete).unchanged, 1);
        let above = sync(path("to"), TargetOptions::new());
        assert_eq!(above.sent, [Path::new("f")]);
        assert!(path("to/old").exists());
    });
}

#[test]
fn a_destination_in_its_own_source_is_refused() {
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("from/there")).unwrap();
        fs::write(path("from/f"), "f").unwrap();
        symlink("from", path("other-name")).unwrap();
        symlink("from/there", path("way-in")).unwrap();
        for (from, to, part) in [
            ("from", "from/there", "copied into itself"),
            ("from", "from/new/deep", "copied into itself"),
            ("from", "other-name/there", "copied into itself"),
            ("other-name", "from/there", "copied into itself"),
            ("from", "way-in", "copied into itself"),
            ("from", "way-in/new", "copied into itself"),
            ("from", "from", "the source itself"),
            ("from", "other-name", "the source itself"),
        ] {
            for dry_run in [false, true] {
                let rsync = RSync::new(path(from)).with_dry_run(dry_run);
                let error = refusal(direction, gateway, rsync, &path(to), TargetOptions::new());
                assert_is_a_line(&error, part);
            }
        }
        assert_eq!(fs::read_dir(path("from")).unwrap().count(), 2);
        assert_eq!(fs::read_dir(path("from/there")).unwrap().count(), 0);
    });
}

fn refusal(
    direction: Direction,
    gateway: &Gateway,
    mut rsync: RSync,
    to: &Path,
    options: TargetOptions,
) -> String {
    let error = match direction {
        Direction::Push => {
            rsync.add_target(gateway, to, options);
            rsync.send().unwrap().remove(0).error
        }
        Direction::Pull => rsync.pull(gateway, to, options).err(),
    };
    let error = error.unwrap();
    assert!(error.is_destination(), "{error}");
    error.to_string()
}

#[test]
fn a_destination_in_its_own_source_is_synced_to_if_it_is_excluded() {
    each_direction(LONG, |gateway, direction| {
        for to in ["dist", "new", "d/dist"] {
            let place = tempfile::tempdir().unwrap();
            let path = |name: &str| place.path().join(name);
            fs::create_dir_all(path("d/dist")).unwrap();
            fs::create_dir(path("dist")).unwrap();
            fs::write(path("d/f"), "f").unwrap();
            fs::write(path("dist/old"), "").unwrap();
            fs::write(path("d/dist/old"), "").unwrap();
            for _ in 0..2 {
                let mut rsync = RSync::new(place.path());
                rsync.exclude("dist/").unwrap();
                rsync.exclude("/new/").unwrap();
                direction.sync(rsync, gateway, &path(to), TargetOptions::new());
            }
            assert_eq!(fs::read(path(to).join("d/f")).unwrap(), b"f");
            for itself in ["dist", "new", "d/dist"] {
                assert!(!path(to).join(itself).exists(), "{itself} in {to}");
            }
        }
    });
}

/// A filter that excludes other things cannot be told from one that excludes the destination before the listing.
#[test]
fn a_destination_that_the_filter_does_not_exclude_is_not_copied_into_itself() {
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("d/dist/inner")).unwrap();
        fs::write(path("d/f"), "f").unwrap();
        fs::write(path("d/dist/inner/old"), "").unwrap();
        fs::write(path("x.pyc"), "").unwrap();
        let mut rsync = RSync::new(place.path());
        rsync.exclude("*.pyc").unwrap();
        let (to, options) = (path("d/dist"), TargetOptions::new());
        let report = match direction {
            Direction::Push => {
                rsync.add_target(gateway, &to, options);
                rsync.send().unwrap().remove(0).report
            }
            Direction::Pull => rsync.pull(gateway, &to, options).unwrap(),
        };
        let failed = &report.failed[0];
        assert_eq!(failed.path, Path::new("d/dist"));
        assert_is_a_line(&failed.reason, "copied into itself");
        let inside = |failed: &NotSynced| failed.path.starts_with("d/dist");
        assert!(report.failed.iter().all(inside), "{:?}", report.failed);
        assert_eq!(report.sent, [Path::new("d/f")]);
        assert_eq!(fs::read(to.join("d/f")).unwrap(), b"f");
        assert!(!to.join("d/dist").exists());
    });
}
