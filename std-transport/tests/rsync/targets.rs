//! Reports and progress of several targets.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs;
use std::path::Path;

use execnet::Group;
use execnet::rsync::{Event, RSync, RSyncError, TargetOptions};
use execnet_test_support::{LONG, each_python, pythons, quiet, within};

use crate::{Place, complete};

#[test]
fn entries_that_cannot_be_sent_are_reported_and_do_not_stop_the_sync() {
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
        rsync.add_target(gateway, &to, TargetOptions::new().with_delete(true));
        let report = complete(rsync.send().unwrap()).remove(0).report;
        assert_eq!(report.skipped[0].path, Path::new("pipe"));
        assert_eq!(fs::read(to.join("pipe")).unwrap(), b"stays");
        assert_eq!(fs::read(to.join("zz")).unwrap(), b"zz");
        let back = place.0.path().join("back");
        let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!((report.sent.len(), report.failed.len()), (1, 0));
    });
}

/// As in execnet's own suite: the bytes that were requested, and those of the files that arrived.
#[test]
fn progress_counts_requested_and_received_bytes() {
    within("progress", LONG, || {
        let place = Place::new();
        fs::write(place.from().join("a"), [1; 100]).unwrap();
        fs::write(place.from().join("b"), [1; 10]).unwrap();
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        let counts = Arc::new([const { AtomicU64::new(0) }; 2]);
        let seen = Arc::clone(&counts);
        let mut rsync = RSync::new(place.from()).with_callback(move |event| match *event {
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
fn targets_are_used_once_and_a_failed_one_does_not_affect_the_others() {
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
        // The number of unchanged files is unknown for them.
        assert_eq!([0, 1].map(|at| reports[at].report.unchanged), [0, 0]);
        assert!(reports[2].is_complete());
        assert_eq!(fs::read(place.to().join("f")).unwrap(), b"f");
        assert!(matches!(rsync.send(), Err(RSyncError::NoTargets)));
    });
}
