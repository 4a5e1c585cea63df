//! Syncs of whole trees, and of their changes.

use core::time::Duration;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet_test_support::each_python;

use crate::{Place, Portrait, complete, portrait};

/// A tree with entries of all kinds and unusual names.
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

/// Compares two trees; times from Python 2 are rounded.
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
        rsync.add_target(gateway, place.to(), TargetOptions::new().with_delete(true));
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
        let mut rsync = RSync::new(place.from()).with_links(Links::Keep);
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
            .pull(gateway, place.to(), TargetOptions::new().with_delete(true))
            .unwrap();
        assert_eq!(
            (second.unchanged, second.sent.len(), second.linked.len()),
            (7, 0, 0)
        );
        assert_eq!((second.deleted.len(), second.failed.len()), (0, 0));
    });
}

#[test]
fn changes_are_sent_and_missing_entries_deleted_on_request() {
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
        rsync.add_target(gateway, &to, TargetOptions::new().with_delete(true));
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
