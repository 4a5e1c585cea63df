//! Syncs that fail: roots that cannot be opened, and directories that cannot be made. In both directions, with workers
//! in Python and in Rust.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use execnet::Gateway;
use execnet::rsync::{Links, RSync, TargetOptions, TargetReport};
use execnet_test_support::{Direction, LONG, each_direction, each_python, receive};

fn push(gateway: &Gateway, from: &Path, to: &Path, options: TargetOptions) -> TargetReport {
    let mut rsync = RSync::new(from);
    rsync.add_target(gateway, to, options);
    rsync.send().unwrap().remove(0)
}

/// A directory in which nobody can make anything, root included.
const NO_PLACE: &str = "/proc/self/task";

#[test]
fn entries_of_a_folder_that_cannot_be_created_are_failed_and_not_unchanged() {
    if !Path::new(NO_PLACE).is_dir() {
        println!("skipped: there is no {NO_PLACE}");
        return;
    }
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        fs::create_dir_all(from.join("d/e/f")).unwrap();
        for name in ["a", "d/b", "d/e/c"] {
            fs::write(from.join(name), name).unwrap();
        }
        symlink("b", from.join("d/l")).unwrap();
        let rsync = RSync::new(&from).with_links(Links::Keep);
        let to = Path::new(NO_PLACE);
        let report = direction.sync(rsync, gateway, to, TargetOptions::new());
        assert_eq!((report.files, report.unchanged), (3, 0), "{report:?}");
        assert_eq!((report.sent.len(), report.linked.len()), (0, 0));
        let failed = report.failed.iter().map(|failed| failed.path.clone());
        let mut failed: Vec<PathBuf> = failed.collect();
        failed.sort();
        // The mode of the root cannot be set either.
        let expected = [".", "a", "d", "d/b", "d/e", "d/e/c", "d/e/f", "d/l"];
        assert_eq!(failed, expected.map(PathBuf::from), "{report:?}");
    });
}

/// `from` has a file, a link and a file with two names where `to` has directories.
fn build_directories_in_the_way(from: &Path, to: &Path) {
    fs::create_dir_all(from).unwrap();
    for name in ["a", "empty", "other"] {
        fs::write(from.join(name), name).unwrap();
    }
    fs::hard_link(from.join("a"), from.join("b")).unwrap();
    symlink("other", from.join("l")).unwrap();
    for name in ["a/deep", "b", "empty", "l"] {
        fs::create_dir_all(to.join(name)).unwrap();
    }
    for name in ["a/kept", "a/deep/kept", "b/kept", "l/kept"] {
        fs::write(to.join(name), "kept").unwrap();
    }
}

#[test]
fn a_directory_in_the_way_is_kept_unless_delete_is_set() {
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        build_directories_in_the_way(&from, &to);
        let blocked = ["a", "b", "l"].map(PathBuf::from);
        let sync = |dry_run: bool, delete: bool| {
            let rsync = RSync::new(&from)
                .with_hard_links(true)
                .with_dry_run(dry_run);
            let options = TargetOptions::new().with_delete(delete);
            let mut report = direction.sync(rsync, gateway, &to, options);
            report.deleted.sort();
            report.failed.sort_by(|a, b| a.path.cmp(&b.path));
            report
        };
        for dry_run in [true, false] {
            let report = sync(dry_run, false);
            let failed: Vec<_> = report.failed.iter().map(|entry| &entry.path).collect();
            assert_eq!(failed, blocked.iter().collect::<Vec<_>>(), "{report:?}");
            for entry in &report.failed {
                assert_is_a_line(&entry.reason, "use --delete");
            }
            assert_eq!(report.sent, ["empty", "other"].map(PathBuf::from));
            assert!(report.deleted.is_empty());
            for name in ["a/kept", "a/deep/kept", "b/kept", "l/kept"] {
                assert_eq!(fs::read(to.join(name)).unwrap(), b"kept", "{name}");
            }
        }
        for dry_run in [true, false] {
            let report = sync(dry_run, true);
            assert_eq!(
                (&report.failed[..], &report.deleted[..]),
                (&[][..], &blocked[..])
            );
            assert_eq!(to.join("a/kept").exists(), dry_run);
        }
        assert_eq!(fs::read(to.join("b")).unwrap(), b"a");
        assert_eq!(fs::read(to.join("l")).unwrap(), b"other");
    });
}

pub(crate) fn assert_is_a_line(text: &str, part: &str) {
    assert!(text.contains(part), "{text}");
    assert!(
        !text.contains('\n') && !text.contains("Traceback"),
        "{text}"
    );
}

#[test]
fn a_destination_that_a_worker_cannot_open_has_the_error_of_a_local_one() {
    each_direction(LONG, |gateway, direction| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir(path("from")).unwrap();
        fs::write(path("file"), "").unwrap();
        let mut mkfifo = Command::new("mkfifo");
        assert!(mkfifo.arg(path("pipe")).status().unwrap().success());
        match direction {
            Direction::Push => {
                for (to, part) in [("file", "cannot open"), ("file/below", "ot a directory")] {
                    let report = push(gateway, &path("from"), &path(to), TargetOptions::new());
                    let error = report.error.unwrap();
                    assert!(error.is_destination(), "{error}");
                    assert_is_a_line(&format!("{:#}", execnet::report(&error)), part);
                }
            }
            Direction::Pull => {
                for (from, part) in [("none", "No such file"), ("pipe", "not a regular file")] {
                    let mut rsync = RSync::new(path(from));
                    let pulled = rsync.pull(gateway, path("to"), TargetOptions::new());
                    let error = pulled.unwrap_err();
                    assert!(error.is_source(), "{error}");
                    assert_is_a_line(&format!("{:#}", execnet::report(&error)), part);
                    assert!(!path("to").exists());
                }
            }
        }
    });
}

#[test]
fn a_worker_keeps_no_descriptor_of_a_sync() {
    const COUNT: &str = "import os; channel.send(len(os.listdir('/proc/self/fd')))";
    if !Path::new("/proc/self/fd").is_dir() {
        println!("skipped: there is no /proc/self/fd");
        return;
    }
    each_python(|_, gateway| {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("from/a/b")).unwrap();
        fs::create_dir_all(path("from/c")).unwrap();
        fs::write(path("from/a/b/f"), "").unwrap();
        fs::write(path("file"), "").unwrap();
        let open = || receive(&gateway.remote_exec(COUNT).unwrap());
        let mut counts = Vec::new();
        for _ in 0..3 {
            RSync::new(path("from"))
                .pull(gateway, path("back"), TargetOptions::new())
                .unwrap();
            let missing = RSync::new(path("none")).pull(gateway, path("x"), TargetOptions::new());
            assert!(missing.is_err());
            push(gateway, &path("from"), &path("to"), TargetOptions::new());
            push(gateway, &path("from"), &path("file"), TargetOptions::new());
            counts.push(open());
        }
        // The first brings in what the programs import.
        assert_eq!(counts[1], counts[2], "{counts:?}");
    });
}
