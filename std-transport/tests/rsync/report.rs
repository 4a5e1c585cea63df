//! The report and the callbacks of a sync: those of a pull are the same as those of a push of the same tree.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use execnet::rsync::{Event, Links, NotSynced, RSync, Report, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{Direction, LONG, each_python, pythons, quiet, with_worker, within};

/// Something of everything that a report tells of.
fn build(from: &Path) {
    fs::create_dir_all(from.join("d/deep")).unwrap();
    for name in ["changed", "unchanged", "d/new", "large", "out.pyc"] {
        fs::write(from.join(name), name).unwrap();
    }
    fs::write(from.join("d/deep/more"), vec![b'm'; 300_000]).unwrap();
    fs::write(from.join("large"), vec![b'l'; 600_000]).unwrap();
    symlink("changed", from.join("link")).unwrap();
    symlink("same", from.join("link-that-is-there")).unwrap();
    symlink("/etc/passwd", from.join("link-out")).unwrap();
    let mut mkfifo = Command::new("mkfifo");
    assert!(mkfifo.arg(from.join("pipe")).status().unwrap().success());
    drop(UnixListener::bind(from.join("d/socket")).unwrap());
}

/// What is there before, of which some is to go.
fn build_target(to: &Path, from: &Path) {
    fs::create_dir_all(to.join("old/deep")).unwrap();
    fs::write(to.join("old/deep/f"), "").unwrap();
    fs::write(to.join("changed"), "older").unwrap();
    fs::write(to.join("unchanged"), "unchanged").unwrap();
    // Python 2 knows no time below a microsecond.
    let time = UNIX_EPOCH + Duration::from_secs(1_500_000_000);
    for path in [from.join("unchanged"), to.join("unchanged")] {
        fs::File::open(path).unwrap().set_modified(time).unwrap();
    }
    symlink("same", to.join("link-that-is-there")).unwrap();
}

/// What was done, and what was reported of it meanwhile.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    report: Report,
    events: Vec<String>,
}

impl Told {
    fn of(
        direction: Direction,
        gateway: &Gateway,
        from: &Path,
        to: &Path,
        prepare: impl Fn(RSync) -> RSync,
    ) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let rsync = RSync::new(from)
            .with_links(Links::Refuse)
            .with_callback(move |event| heard.lock().unwrap().extend(line(event)));
        let rsync = prepare(rsync);
        let options = TargetOptions::new().with_delete(true);
        let report = direction.sync(rsync, gateway, to, options);
        let events = Arc::into_inner(events).unwrap().into_inner().unwrap();
        Self::sorted(report, events)
    }

    /// The order is a matter of which side does what.
    fn sorted(mut report: Report, mut events: Vec<String>) -> Self {
        for paths in [&mut report.sent, &mut report.linked, &mut report.deleted] {
            paths.sort();
        }
        for entries in [&mut report.skipped, &mut report.failed] {
            entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        events.sort();
        Self { report, events }
    }
}

/// What is reported, without the place: what fails at the source is no target's matter in a push.
fn line(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Sent { path, bytes, .. } => format!("sent {} {bytes}", path.display()),
        Event::Linked { path, .. } => format!("linked {}", path.display()),
        Event::Deleted { path, .. } => format!("deleted {}", path.display()),
        Event::Failed { path, reason, .. } => format!("failed {} {reason}", path.display()),
        Event::Skipped { path, reason } => format!("skipped {} {reason}", path.display()),
        // How often these come depends on messages; the last of them is looked at below.
        _ => return None,
    })
}

fn paths(entries: &[NotSynced]) -> Vec<&str> {
    let paths = entries.iter();
    paths.map(|one| one.path.to_str().unwrap()).collect()
}

fn tells_all(gateway: &Gateway) {
    for dry_run in [true, false] {
        let told = [Direction::Push, Direction::Pull].map(|direction| {
            let place = tempfile::tempdir().unwrap();
            let (from, to) = (place.path().join("from"), place.path().join("to"));
            build(&from);
            build_target(&to, &from);
            let told = Told::of(direction, gateway, &from, &to, |mut rsync| {
                rsync.exclude("*.pyc").unwrap();
                rsync
                    .with_max_file_size(500_000)
                    .with_dry_run(dry_run)
                    .with_filter(|candidate| candidate.path != Path::new("nothing"))
            });
            assert_eq!(to.join("old").exists(), dry_run);
            told
        });
        let [push, pull] = &told;
        assert_eq!(push, pull, "dry run: {dry_run}");
        let report = &pull.report;
        let sent = ["changed", "d/deep/more", "d/new"].map(PathBuf::from);
        assert_eq!(report.sent, sent);
        assert_eq!((report.files, report.unchanged), (4, 1));
        assert_eq!(report.bytes, 300_000 + 7 + 5);
        assert_eq!(report.linked, [Path::new("link")]);
        assert_eq!(report.deleted, [Path::new("old")]);
        let skipped = ["d/socket", "large", "out.pyc", "pipe"];
        assert_eq!(paths(&report.skipped), skipped);
        assert_eq!(paths(&report.failed), ["link-out"]);
        let told = report.sent.len() + report.linked.len() + report.deleted.len();
        let left_out = report.skipped.len() + report.failed.len();
        assert_eq!(pull.events.len(), told + left_out, "{:?}", pull.events);
    }
}

#[test]
fn a_pull_from_python_tells_what_a_push_tells() {
    each_python(|_, gateway| tells_all(gateway));
}

#[test]
fn a_pull_from_rust_tells_what_a_push_tells() {
    within("Rust", LONG, || with_worker(tells_all));
}

/// By content, and of a single file.
#[test]
fn files_are_counted_alike_in_both_directions() {
    within("counts", LONG, || {
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        for direction in [Direction::Push, Direction::Pull] {
            let place = tempfile::tempdir().unwrap();
            let path = |name: &str| place.path().join(name);
            fs::create_dir(path("from")).unwrap();
            for name in ["from/a", "from/b"] {
                fs::write(path(name), "12345").unwrap();
            }
            let mut counts = Vec::new();
            for (from, to) in [("from", "to"), ("from", "to"), ("from/a", "file")] {
                let told = Told::of(direction, &gateway, &path(from), &path(to), |rsync| {
                    rsync.with_checksum(true)
                });
                let report = told.report;
                counts.push((report.files, report.unchanged, report.bytes));
            }
            assert_eq!(counts, [(2, 0, 10), (2, 2, 0), (1, 0, 5)], "{direction:?}");
        }
    });
}

#[test]
fn progress_is_reported_in_bytes_in_both_directions() {
    within("progress", LONG, || {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("f"), vec![b'x'; 3_000_000]).unwrap();
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        for (direction, to) in [(Direction::Push, "to"), (Direction::Pull, "here")] {
            let steps = Arc::new(Mutex::new(Vec::new()));
            let seen = Arc::clone(&steps);
            Told::of(
                direction,
                &gateway,
                &from,
                &place.path().join(to),
                |rsync| {
                    let seen = Arc::clone(&seen);
                    rsync.with_callback(move |event| match *event {
                        Event::Asked { files, bytes, .. } => {
                            assert_eq!((files, bytes), (1, 3_000_000));
                        }
                        Event::Took { bytes, .. } => seen.lock().unwrap().push(bytes),
                        _ => {}
                    })
                },
            );
            let steps = steps.lock().unwrap();
            assert!(
                steps.len() > 1 && steps.is_sorted(),
                "{direction:?}: {steps:?}"
            );
            // With what frames it.
            assert!(
                steps.last().is_some_and(|&last| last > 3_000_000),
                "{direction:?}"
            );
        }
    });
}
