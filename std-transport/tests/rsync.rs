//! Syncs in both directions with workers in Python, on each installed interpreter.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use execnet::Group;
use execnet::rsync::{Event, Links, RSync, RSyncError, TargetOptions, TargetReport};
use execnet_test_support::{LONG, each_python, pythons, quiet, within};

/// A source and a destination.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.from()).unwrap();
        place
    }

    fn from(&self) -> PathBuf {
        self.0.path().join("from")
    }

    fn to(&self) -> PathBuf {
        self.0.path().join("to")
    }
}

/// A tree with something of everything in it.
fn build(at: &Path) {
    fs::create_dir_all(at.join("a/b/c")).unwrap();
    fs::create_dir(at.join("empty")).unwrap();
    fs::write(at.join("a/b/c/deep"), "deep").unwrap();
    fs::write(at.join("a/nothing"), "").unwrap();
    fs::write(at.join("a/two-chunks"), vec![b'x'; 600_000]).unwrap();
    for name in [
        &b"\xff\xfe"[..],
        "stra\u{df}e".as_bytes(),
        b"-rf *\n'\"$(x)",
        &[b'n'; 255],
    ] {
        fs::write(at.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let mode = fs::Permissions::from_mode;
    fs::set_permissions(at.join("a/nothing"), mode(0o640)).unwrap();
    fs::set_permissions(at.join("a/b"), mode(0o750)).unwrap();
    symlink("b/c/deep", at.join("a/link")).unwrap();
    symlink("/etc/passwd", at.join("a/absolute")).unwrap();
    symlink("nowhere", at.join("dangling")).unwrap();
    for path in ["a/b", "a"] {
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_500_000_000);
        fs::File::open(at.join(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
}

type Portrait = BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)>;

/// Everything about a tree that a sync keeps. Python 2 knows no time below a microsecond.
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

/// Times that two kinds of clock arithmetic may take for different.
fn same(a: &Portrait, b: &Portrait, python2: bool) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, ours) in a {
        let theirs = &b[path];
        assert_eq!((ours.0, &ours.3), (theirs.0, &theirs.3), "{path:?}");
        let (ours, theirs) = (
            ours.1 * 1_000_000_000 + ours.2,
            theirs.1 * 1_000_000_000 + theirs.2,
        );
        let allowed = if python2 { 2_000 } else { 0 };
        assert!(
            (ours - theirs).abs() <= allowed,
            "{path:?}: {ours} {theirs}"
        );
    }
}

fn complete(reports: Vec<TargetReport>) -> Vec<TargetReport> {
    for target in &reports {
        assert!(target.error.is_none(), "{:?}", target.error);
        assert_eq!(target.report.failed, []);
    }
    reports
}

#[test]
fn a_tree_is_sent_and_then_found_unchanged() {
    each_python(|python, gateway| {
        let place = Place::new();
        build(&place.from());
        let mut rsync = RSync::new(place.from());
        rsync.add_target(gateway, place.to(), TargetOptions::new());
        let first = complete(rsync.send().unwrap()).remove(0).report;
        assert_eq!(
            (
                first.files,
                first.unchanged,
                first.sent.len(),
                first.linked.len()
            ),
            (7, 0, 7, 3)
        );
        same(
            &portrait(&place.from(), 1),
            &portrait(&place.to(), 1),
            python.is_2(),
        );
        rsync.add_target(gateway, place.to(), TargetOptions::new().delete(true));
        let second = complete(rsync.send().unwrap()).remove(0).report;
        assert_eq!(
            (second.unchanged, second.sent.len(), second.linked.len()),
            (7, 0, 0)
        );
        assert_eq!(second.deleted.len(), 0);
    });
}

#[test]
fn a_tree_is_pulled_and_then_found_unchanged() {
    each_python(|python, gateway| {
        let place = Place::new();
        build(&place.from());
        let mut rsync = RSync::new(place.from());
        rsync.links(Links::Keep);
        let first = rsync
            .pull(gateway, place.to(), TargetOptions::new())
            .unwrap();
        assert_eq!(first.failed, []);
        assert_eq!(
            (
                first.files,
                first.unchanged,
                first.sent.len(),
                first.linked.len()
            ),
            (7, 0, 7, 3)
        );
        same(
            &portrait(&place.from(), 1),
            &portrait(&place.to(), 1),
            python.is_2(),
        );
        let second = rsync
            .pull(gateway, place.to(), TargetOptions::new().delete(true))
            .unwrap();
        assert_eq!(
            (second.unchanged, second.sent.len(), second.linked.len()),
            (7, 0, 0)
        );
        assert_eq!((second.deleted.len(), second.failed.len()), (0, 0));
    });
}

#[test]
fn changes_are_sent_and_what_is_gone_is_deleted_where_asked_for() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        let other = place.0.path().join("other");
        for name in ["longer", "same-size", "gone", "kind"] {
            fs::write(from.join(name), "12345").unwrap();
        }
        fs::create_dir_all(from.join("old/deep")).unwrap();
        symlink("/", from.join("old/deep/link")).unwrap();
        let mut rsync = RSync::new(&from);
        for to in [&to, &other] {
            rsync.add_target(gateway, to, TargetOptions::new());
        }
        complete(rsync.send().unwrap());
        fs::write(from.join("longer"), "123456").unwrap();
        fs::write(from.join("same-size"), "54321").unwrap();
        fs::remove_file(from.join("gone")).unwrap();
        fs::remove_dir_all(from.join("old")).unwrap();
        fs::remove_file(from.join("kind")).unwrap();
        fs::create_dir(from.join("kind")).unwrap();
        fs::write(from.join("kind/f"), "").unwrap();
        let mut rsync = RSync::new(&from);
        rsync.add_target(gateway, &to, TargetOptions::new().delete(true));
        rsync.add_target(gateway, &other, TargetOptions::new());
        let reports = complete(rsync.send().unwrap());
        assert_eq!(
            reports[0].report.deleted,
            [Path::new("gone"), Path::new("old")]
        );
        assert!(reports[1].report.deleted.is_empty());
        assert_eq!(fs::read(to.join("same-size")).unwrap(), b"54321");
        assert!(to.join("kind/f").exists() && other.join("kind/f").exists());
        assert!(!to.join("old").exists() && other.join("old/deep/link").is_symlink());
    });
}

#[test]
fn modes_and_the_checksum_and_the_dry_run_are_as_asked_for() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(from.join("f"), "abc").unwrap();
        fs::set_permissions(from.join("f"), fs::Permissions::from_mode(0o4755)).unwrap();
        let mut rsync = RSync::new(&from);
        let send = |rsync: &mut RSync| {
            rsync.add_target(gateway, &to, TargetOptions::new());
            complete(rsync.send().unwrap()).remove(0).report
        };
        assert_eq!(send(rsync.dry_run(true)).sent, [Path::new("f")]);
        assert!(!to.exists());
        send(rsync.dry_run(false));
        let mode = || fs::metadata(to.join("f")).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(), 0o755);
        fs::set_permissions(from.join("f"), fs::Permissions::from_mode(0o4750)).unwrap();
        assert_eq!(send(rsync.special_modes(true)).sent.len(), 0);
        assert_eq!(mode(), 0o4750);
        // The same content at another time, and the other way around.
        fs::File::open(to.join("f"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        let report = send(rsync.checksum(true));
        assert_eq!((report.sent.len(), report.unchanged), (0, 1));
        let time = fs::metadata(from.join("f")).unwrap().modified().unwrap();
        fs::write(to.join("f"), "xyz").unwrap();
        fs::File::open(to.join("f"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert_eq!(send(&mut rsync).sent.len(), 1);
        assert_eq!(fs::read(to.join("f")).unwrap(), b"abc");
    });
}

#[test]
fn a_single_file_is_sent_and_pulled() {
    each_python(|_, gateway| {
        let place = Place::new();
        let file = place.from().join("f");
        fs::write(&file, "one").unwrap();
        let mut rsync = RSync::new(&file);
        for _ in 0..2 {
            rsync.add_target(gateway, place.to().join("g"), TargetOptions::new());
            complete(rsync.send().unwrap());
        }
        let back = place.0.path().join("back");
        let report = RSync::new(place.to().join("g")).pull(gateway, &back, TargetOptions::new());
        assert_eq!(report.unwrap().sent.len(), 1);
        assert_eq!(fs::read(&back).unwrap(), b"one");
    });
}

/// A push to Python failed ("not the name of a directory entry"); the others made a file of the directory's name.
#[test]
fn a_single_file_goes_into_a_destination_that_ends_in_a_slash() {
    each_python(|_, gateway| {
        let place = Place::new();
        let file = place.from().join("f");
        fs::write(&file, "one").unwrap();
        let directory = |name: &str| place.0.path().join(name).join("");
        let mut rsync = RSync::new(&file);
        rsync.add_target(gateway, directory("pushed"), TargetOptions::new());
        complete(rsync.send().unwrap());
        let pulled = rsync.pull(gateway, directory("pulled"), TargetOptions::new());
        assert_eq!(pulled.unwrap().sent, [Path::new("f")]);
        for name in ["pushed", "pulled"] {
            assert_eq!(fs::read(directory(name).join("f")).unwrap(), b"one");
        }
    });
}

#[test]
fn what_cannot_be_sent_is_reported_and_does_not_stop_the_sync() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        let made = std::process::Command::new("mkfifo")
            .arg(from.join("pipe"))
            .status()
            .unwrap();
        assert!(made.success());
        fs::write(from.join("zz"), "zz").unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(to.join("pipe"), "stays").unwrap();
        let mut rsync = RSync::new(&from);
        rsync.add_target(gateway, &to, TargetOptions::new().delete(true));
        let report = complete(rsync.send().unwrap()).remove(0).report;
        assert_eq!(report.skipped[0].path, Path::new("pipe"));
        assert_eq!(fs::read(to.join("pipe")).unwrap(), b"stays");
        assert_eq!(fs::read(to.join("zz")).unwrap(), b"zz");
        let back = place.0.path().join("back");
        let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!((report.sent.len(), report.failed.len()), (1, 0));
    });
}

#[test]
fn links_into_the_source_lead_into_the_target_and_others_out_of_a_pull() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(from.join("f"), "").unwrap();
        symlink(from.join("f"), from.join("into")).unwrap();
        symlink("../../up", from.join("up")).unwrap();
        let mut rsync = RSync::new(&from);
        rsync.add_target(gateway, &to, TargetOptions::new());
        complete(rsync.send().unwrap());
        assert_eq!(fs::read_link(to.join("into")).unwrap(), to.join("f"));
        assert_eq!(fs::read_link(to.join("up")).unwrap(), Path::new("../../up"));
        let back = place.0.path().join("back");
        let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!(fs::read_link(back.join("into")).unwrap(), back.join("f"));
        assert_eq!(report.failed[0].path, Path::new("up"));
        assert!(!back.join("up").is_symlink());
    });
}

#[test]
fn on_request_files_are_sent_in_the_place_of_links_out_of_the_tree() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(place.0.path().join("outside"), "content").unwrap();
        for (name, target) in [("file", "../outside"), ("folder", ".."), ("inside", "file")] {
            symlink(target, from.join(name)).unwrap();
        }
        let mut rsync = RSync::new(&from);
        rsync.links(Links::Copy);
        rsync.add_target(gateway, &to, TargetOptions::new());
        let report = rsync.send().unwrap().remove(0).report;
        assert_eq!(report.sent, [Path::new("file")]);
        assert_eq!(report.failed[0].path, Path::new("folder"));
        assert!(!to.join("file").is_symlink() && !to.join("folder").exists());
        assert_eq!(fs::read(to.join("file")).unwrap(), b"content");
        assert_eq!(fs::read_link(to.join("inside")).unwrap(), Path::new("file"));
    });
}

/// As execnet's own suite has it: two calls with the list's and the files' bytes.
#[test]
fn progress_counts_what_was_asked_for_and_what_arrived() {
    within("progress", LONG, || {
        let place = Place::new();
        fs::write(place.from().join("a"), [1; 100]).unwrap();
        fs::write(place.from().join("b"), [1; 10]).unwrap();
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        let counts = Arc::new([const { AtomicU64::new(0) }; 2]);
        let mut rsync = RSync::new(place.from());
        let seen = Arc::clone(&counts);
        rsync.callback(move |event| match *event {
            Event::Asked { bytes, .. } => seen[0].store(bytes, Ordering::SeqCst),
            Event::Sent { bytes, .. } => drop(seen[1].fetch_add(bytes, Ordering::SeqCst)),
            _ => {}
        });
        rsync.add_target(&gateway, place.to(), TargetOptions::new());
        complete(rsync.send().unwrap());
        assert_eq!(
            counts.each_ref().map(|count| count.load(Ordering::SeqCst)),
            [110, 110]
        );
    });
}

#[test]
fn targets_are_used_up_and_one_that_fails_is_no_matter_to_the_others() {
    within("targets", LONG, || {
        let place = Place::new();
        fs::write(place.from().join("f"), "f").unwrap();
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        let dead = group.make_gateway(pythons()[0].spec()).unwrap();
        dead.kill();
        assert!(dead.join_timeout(LONG));
        let mut rsync = RSync::new(place.from());
        rsync.add_target(&gateway, "/dev/null/no-place", TargetOptions::new());
        rsync.add_target(&dead, place.to(), TargetOptions::new());
        rsync.add_target(&gateway, place.to(), TargetOptions::new());
        let reports = rsync.send().unwrap();
        assert!(reports[0].error.is_some() && reports[1].error.is_some());
        // Nothing is known of what they have.
        assert_eq!([0, 1].map(|at| reports[at].report.unchanged), [0, 0]);
        assert!(reports[2].is_complete());
        assert_eq!(fs::read(place.to().join("f")).unwrap(), b"f");
        assert!(matches!(rsync.send(), Err(RSyncError::NoTargets)));
    });
}

#[test]
fn a_filter_decides_and_patterns_are_as_gitignore_has_them() {
    within("filter", LONG, || {
        let place = Place::new();
        let from = place.from();
        for folder in ["build", "src/build", "skip"] {
            fs::create_dir_all(from.join(folder)).unwrap();
        }
        for file in [
            "a.pyc",
            "keep.pyc",
            "src/b.pyc",
            "src/c.py",
            "build/x",
            "src/build/x",
            "skip/x",
        ] {
            fs::write(from.join(file), file).unwrap();
        }
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        let mut rsync = RSync::new(&from);
        rsync
            .exclude("*.pyc")
            .unwrap()
            .exclude("!keep.pyc")
            .unwrap()
            .exclude("/build/")
            .unwrap();
        rsync.filter(|candidate| candidate.path != Path::new("skip"));
        rsync.add_target(&gateway, place.to(), TargetOptions::new());
        complete(rsync.send().unwrap());
        let paths: Vec<_> = portrait(&place.to(), 1).into_keys().collect();
        let expected = ["keep.pyc", "src", "src/build", "src/build/x", "src/c.py"];
        assert_eq!(paths, expected.map(PathBuf::from));
        let back = place.0.path().join("back");
        rsync.pull(&gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!(portrait(&back, 1).into_keys().collect::<Vec<_>>(), paths);
    });
}

/// Set as a float and read as one, it is more than two microseconds off.
#[test]
fn a_time_that_python_2_knows_badly_is_no_reason_to_send_again() {
    each_python(|_, gateway| {
        let place = Place::new();
        fs::write(place.from().join("f"), "f").unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_nanos(2_200_417_782_764_116_076);
        let file = fs::File::open(place.from().join("f")).unwrap();
        file.set_modified(time).unwrap();
        let mut rsync = RSync::new(place.from());
        for unchanged in [0, 1] {
            rsync.add_target(gateway, place.to(), TargetOptions::new());
            let report = complete(rsync.send().unwrap()).remove(0).report;
            assert_eq!(report.unchanged, unchanged);
        }
    });
}

/// Records hold the years 1677 to 2262; file systems hold more.
#[test]
fn times_beyond_what_a_record_holds_are_cut_and_the_sync_goes_on() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        let century = Duration::from_secs(100 * 365 * 86_400);
        let epoch = std::time::UNIX_EPOCH;
        for (name, time) in [
            ("far-future", epoch + century * 4),
            ("far-past", epoch - century * 4),
            ("today", std::time::SystemTime::now()),
        ] {
            fs::write(from.join(name), name).unwrap();
            let file = fs::File::options().write(true).open(from.join(name));
            file.unwrap().set_modified(time).unwrap();
        }
        fs::File::open(&from)
            .unwrap()
            .set_modified(epoch + century * 4)
            .unwrap();
        let mut rsync = RSync::new(&from);
        for unchanged in [0, 3] {
            rsync.add_target(gateway, &to, TargetOptions::new());
            let report = complete(rsync.send().unwrap()).remove(0).report;
            assert_eq!(report.unchanged, unchanged, "{report:?}");
            let back = place.0.path().join("back");
            let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
            assert_eq!((report.unchanged, &report.failed[..]), (unchanged, &[][..]));
            for there in [&to, &back] {
                assert_eq!(fs::read(there.join("today")).unwrap(), b"today");
            }
        }
    });
}
