//! Syncs between this system and Windows, which wine stands for. `EXECNET_WINDOWS_PYTHON` is the path of the `python.exe`
//! that it runs.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use execnet::rsync::{RSync, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{LONG, quiet, within};

use crate::{Place, portrait};

/// Runs the test with a worker on Windows, if there is one.
fn with_windows(test: fn(&Gateway)) {
    let Some(python) = std::env::var_os("EXECNET_WINDOWS_PYTHON") else {
        println!("skipped: EXECNET_WINDOWS_PYTHON names no python.exe");
        return;
    };
    let mut wine = Command::new("wine");
    wine.arg("--version").stdout(Stdio::null());
    if wine.status().is_err() {
        println!("skipped: there is no wine");
        return;
    }
    within("Windows", LONG, move || {
        let spec = format!("popen//python=wine '{}'", python.to_string_lossy());
        let group = Group::with_options(quiet());
        test(&group.make_gateway(spec).unwrap());
    });
}

/// The path that wine has for one of this system.
fn windows_path(path: &Path) -> PathBuf {
    let mut windows = std::ffi::OsString::from("Z:");
    windows.push(path);
    windows.into()
}

#[test]
fn a_tree_is_the_same_after_a_way_over_windows() {
    with_windows(|gateway| {
        let place = Place::new();
        fs::create_dir_all(place.at("from/d/empty")).unwrap();
        fs::write(place.at("from/d/large"), vec![7; 1_000_000]).unwrap();
        fs::write(place.at("from/\u{fc}"), "").unwrap();
        fs::write(place.at("from/fixed"), "text\nlines\r\n").unwrap();
        fs::set_permissions(place.at("from/fixed"), fs::Permissions::from_mode(0o444)).unwrap();
        for (sent, unchanged) in [(3, 0), (0, 3)] {
            let mut rsync = RSync::new(place.from());
            rsync.add_target(gateway, windows_path(&place.to()), TargetOptions::new());
            let target = rsync.send().unwrap().remove(0);
            assert!(target.is_complete(), "{target:?}");
            assert_eq!(target.report.sent.len(), sent);
            assert_eq!(target.report.unchanged, unchanged);
        }
        let back = place.at("back");
        let mut rsync = RSync::new(windows_path(&place.to()));
        let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!((report.sent.len(), report.failed.len()), (3, 0));
        // Times are multiples of 100 nanoseconds there.
        assert_eq!(portrait(&back, 100), portrait(&place.from(), 100));
    });
}

#[test]
fn what_windows_has_no_name_for_is_failed_and_the_rest_is_synced() {
    with_windows(|gateway| {
        let place = Place::new();
        let bad: [&[u8]; 9] = [
            b"..\\x",
            b"NUL",
            b"a:b",
            b"aux.txt",
            b"dot.",
            b"in\nline",
            b"readme",
            b"space ",
            b"\xff",
        ];
        for name in bad.into_iter().chain([&b"README"[..], b"ok"]) {
            fs::write(place.from().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
        }
        fs::create_dir(place.at("from/con")).unwrap();
        fs::write(place.at("from/con/f"), "x").unwrap();
        let mut rsync = RSync::new(place.from());
        let options = TargetOptions::new().with_delete(true);
        rsync.add_target(gateway, windows_path(&place.to()), options);
        let report = rsync.send().unwrap().remove(0).report;
        assert_eq!(report.sent, [Path::new("README"), Path::new("ok")]);
        let mut failed: Vec<_> = report.failed.iter().map(|failed| &*failed.path).collect();
        failed.sort_unstable();
        let mut expected: Vec<_> = bad
            .map(|name| Path::new(std::ffi::OsStr::from_bytes(name)))
            .into();
        expected.extend([Path::new("con"), Path::new("con/f")]);
        expected.sort_unstable();
        assert_eq!(failed, expected, "{:?}", report.failed);
        assert_eq!(fs::read_dir(place.to()).unwrap().count(), 2);
    });
}
