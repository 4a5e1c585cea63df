//! A Rust worker at either end.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::thread;

use super::support::{LONG, Pipe, pipe};
use crate::rsync::beneath::{Kind, OPENED, SYNCED};
use crate::rsync::filter::Filter;
use crate::rsync::protocol::{Ready, Role, Settings, Start, unpack_root};
use crate::rsync::pull::PullObserver;
use crate::rsync::receiver::{Receiver, Rules};
use crate::rsync::report::{Recorder, Report};
use crate::rsync::run;
use crate::rsync::serve::serve_channel;
use crate::rsync::sync_channel::SyncChannel;
use crate::rsync::walk::Links;

/// Pulls `from` into `to`, from a worker in a thread.
pub(super) fn pull(from: &Path, to: &Path, settings: Settings) -> Report {
    pull_with(from, to, settings, &mut Filter::default(), Links::Keep)
}

pub(super) fn pull_with(
    from: &Path,
    to: &Path,
    settings: Settings,
    filter: &mut Filter,
    links: Links,
) -> Report {
    pull_counted(from, to, settings, filter, links).0
}

/// The same, with how many directories the worker opened.
pub(super) fn pull_counted(
    from: &Path,
    to: &Path,
    settings: Settings,
    filter: &mut Filter,
    links: Links,
) -> (Report, u64) {
    let (here, there): (Pipe, Pipe) = pipe();
    let path = from.as_os_str().as_bytes().to_vec();
    let asked = !filter.is_idle();
    thread::scope(|scope| {
        let worker = scope.spawn(move || (serve_channel(&there), OPENED.get()));
        here.send(
            Start {
                role: Role::Source { asked },
                path,
                settings,
                origin: None,
            }
            .to_value(),
        )
        .unwrap();
        let ready = Ready::from_value(&here.receive(Some(LONG)).unwrap()).unwrap();
        let root = unpack_root(&ready.root.unwrap()).unwrap();
        let observer = PullObserver {
            filter,
            links,
            recorder: Recorder::new(0, None),
            files: u64::from(root.kind == Kind::File),
        };
        let rules = Rules {
            asks: asked,
            ..Rules::default()
        };
        let mut receiver = Receiver::new(to, &root, settings, rules, observer).unwrap();
        run::receive(&mut receiver, &here, Some(LONG)).unwrap();
        let (served, opened) = worker.join().unwrap();
        served.unwrap();
        (receiver.into_observer().finish(), opened)
    })
}

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("from")).unwrap();
    place
}

#[test]
fn a_tree_is_copied_and_then_found_unchanged() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("x/to"));
    fs::create_dir_all(from.join("a/b")).unwrap();
    fs::write(from.join("a/b/f"), "content").unwrap();
    fs::write(from.join("empty"), "").unwrap();
    symlink("a/b", from.join("link")).unwrap();
    let report = pull(&from, &to, Settings::default());
    assert_eq!(report.sent, [Path::new("empty"), Path::new("a/b/f")]);
    assert_eq!(report.linked, [Path::new("link")]);
    assert_eq!((report.files, report.unchanged, report.bytes), (2, 0, 7));
    assert_eq!(fs::read(to.join("a/b/f")).unwrap(), b"content");
    assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("a/b"));
    let again = pull(&from, &to, Settings::default());
    assert_eq!(
        (
            again.files,
            again.unchanged,
            again.sent.len(),
            again.linked.len()
        ),
        (2, 2, 0, 0)
    );
}

#[test]
fn a_file_larger_than_the_window_arrives_whole() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(from.join("big"), &content).unwrap();
    pull(
        &from,
        &to,
        Settings {
            window: 300_000,
            ..Settings::default()
        },
    );
    assert!(fs::read(to.join("big")).unwrap() == content);
}

#[test]
fn deleting_spares_what_is_excluded_at_the_source() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::write(from.join("f"), "f").unwrap();
    fs::write(from.join("local.cfg"), "theirs").unwrap();
    fs::create_dir_all(to.join("old/deep")).unwrap();
    fs::write(to.join("old/deep/f"), "").unwrap();
    fs::write(to.join("local.cfg"), "ours").unwrap();
    symlink("/", to.join("link-to-root")).unwrap();
    let mut filter = Filter::default();
    filter.exclude("*.cfg").unwrap();
    let settings = Settings {
        delete: true,
        ..Settings::default()
    };
    let report = pull_with(&from, &to, settings, &mut filter, Links::Keep);
    assert_eq!(
        report.deleted,
        [Path::new("link-to-root"), Path::new("old")]
    );
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(fs::read(to.join("local.cfg")).unwrap(), b"ours");
    assert!(!to.join("old").exists());
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir(from.join("new")).unwrap();
    fs::write(from.join("new/f"), "12345").unwrap();
    let dry = Settings {
        dry_run: true,
        delete: true,
        ..Settings::default()
    };
    let report = pull(&from, &to, dry);
    assert_eq!((report.sent.len(), report.bytes), (1, 5));
    assert!(!to.exists());
    fs::create_dir(&to).unwrap();
    fs::write(to.join("old"), "").unwrap();
    let report = pull(&from, &to, dry);
    assert_eq!((report.sent.len(), report.deleted.len()), (1, 1));
    assert!(to.join("old").exists() && !to.join("new").exists());
}

#[test]
fn with_checksum_the_content_decides_and_not_the_time() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir(&to).unwrap();
    for (name, theirs) in [("same", "abc"), ("other", "xyz")] {
        fs::write(from.join(name), "abc").unwrap();
        fs::write(to.join(name), theirs).unwrap();
        let time = fs::metadata(from.join(name)).unwrap().modified().unwrap();
        let time = if name == "same" {
            std::time::SystemTime::UNIX_EPOCH
        } else {
            time
        };
        fs::File::open(to.join(name))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let report = pull(
        &from,
        &to,
        Settings {
            checksum: true,
            ..Settings::default()
        },
    );
    assert_eq!((report.sent.len(), report.unchanged), (1, 1));
    assert_eq!(fs::read(to.join("other")).unwrap(), b"abc");
    let mtime = |dir: &Path| fs::metadata(dir.join("same")).unwrap().mtime_nsec();
    assert_eq!(mtime(&from), mtime(&to));
}

#[test]
fn things_of_another_kind_make_way() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir(from.join("dir")).unwrap();
    fs::write(from.join("dir/f"), "").unwrap();
    fs::write(from.join("file"), "file").unwrap();
    symlink("file", from.join("link")).unwrap();
    fs::create_dir_all(to.join("file/in")).unwrap();
    fs::create_dir_all(to.join("link/in")).unwrap();
    symlink("/tmp", to.join("dir")).unwrap();
    let report = pull(&from, &to, Settings::default());
    assert_eq!(report.failed, []);
    assert!(to.join("dir/f").is_file());
    assert!(fs::symlink_metadata(to.join("dir")).unwrap().is_dir());
    assert_eq!(fs::read(to.join("file")).unwrap(), b"file");
    assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("file"));
}

#[test]
fn modes_follow_without_the_special_bits_unless_asked_for() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::write(from.join("f"), "").unwrap();
    let set = |mode| {
        fs::set_permissions(from.join("f"), fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = || fs::metadata(to.join("f")).unwrap().permissions().mode() & 0o7777;
    set(0o4755);
    pull(&from, &to, Settings::default());
    assert_eq!(mode(), 0o755);
    set(0o640);
    let report = pull(&from, &to, Settings::default());
    assert_eq!((mode(), report.sent.len()), (0o640, 0));
    set(0o4750);
    pull(
        &from,
        &to,
        Settings {
            special_modes: true,
            ..Settings::default()
        },
    );
    assert_eq!(mode(), 0o4750);
}

#[test]
fn read_only_directories_are_filled_and_stay_writable_for_their_owner() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir_all(from.join("a/b")).unwrap();
    fs::write(from.join("a/b/f"), "").unwrap();
    for path in ["a/b", "a"] {
        fs::set_permissions(from.join(path), fs::Permissions::from_mode(0o500)).unwrap();
    }
    assert_eq!(pull(&from, &to, Settings::default()).failed, []);
    assert_eq!(
        fs::metadata(to.join("a")).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(pull(&from, &to, Settings::default()).failed, []);
    for path in ["a", "a/b"] {
        fs::set_permissions(from.join(path), fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn links_that_lead_out_are_refused_where_that_is_the_rule() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    symlink("/etc/passwd", from.join("absolute")).unwrap();
    symlink("../up", from.join("up")).unwrap();
    symlink("down", from.join("within")).unwrap();
    symlink(from.join("down"), from.join("into")).unwrap();
    let report = pull_with(
        &from,
        &to,
        Settings::default(),
        &mut Filter::default(),
        Links::Refuse,
    );
    let failed: Vec<_> = report
        .failed
        .iter()
        .map(|failed| failed.path.clone())
        .collect();
    assert_eq!(failed, [Path::new("absolute"), Path::new("up")]);
    assert_eq!(fs::read_link(to.join("within")).unwrap(), Path::new("down"));
    assert_eq!(fs::read_link(to.join("into")).unwrap(), to.join("down"));
    assert!(fs::symlink_metadata(to.join("up")).is_err());
}

#[test]
fn a_single_file_is_a_tree_too() {
    let place = place();
    let (from, to) = (place.path().join("from/f"), place.path().join("new/g"));
    fs::write(&from, "one").unwrap();
    let settings = Settings {
        delete: true,
        ..Settings::default()
    };
    let report = pull(&from, &to, settings);
    assert_eq!(
        (report.sent.as_slice(), report.deleted.len()),
        (&["g".into()][..], 0)
    );
    assert_eq!(fs::read(&to).unwrap(), b"one");
    fs::write(place.path().join("new/other"), "").unwrap();
    assert_eq!(pull(&from, &to, settings).sent.len(), 0);
    assert!(place.path().join("new/other").exists());
}

#[test]
fn a_pipe_and_a_socket_are_left_out_and_spared() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    let made = std::process::Command::new("mkfifo")
        .arg(from.join("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(from.join("socket")).unwrap();
    fs::write(from.join("zz"), "").unwrap();
    fs::create_dir(&to).unwrap();
    fs::write(to.join("pipe"), "stays").unwrap();
    let report = pull(
        &from,
        &to,
        Settings {
            delete: true,
            ..Settings::default()
        },
    );
    assert_eq!((report.sent.len(), report.deleted.len()), (1, 0));
    assert_eq!(fs::read(to.join("pipe")).unwrap(), b"stays");
}

#[test]
fn files_and_directories_are_on_the_disk_where_that_is_asked_for() {
    for fsync in [false, true] {
        let place = place();
        let (from, to) = (place.path().join("from"), place.path().join("x/y/to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        for file in ["f", "a/g", "a/b/h"] {
            fs::write(from.join(file), "content").unwrap();
        }
        let settings = Settings {
            fsync,
            ..Settings::default()
        };
        let before = SYNCED.get();
        pull(&from, &to, settings);
        // The files, the folders with the root once more, and those above it that have a new name in them.
        let expected = if fsync { 3 + 4 + 3 } else { 0 };
        assert_eq!(SYNCED.get() - before, expected);
    }
}

#[test]
fn a_single_file_is_on_the_disk_with_its_name() {
    let place = place();
    let (from, to) = (place.path().join("from/f"), place.path().join("from/g"));
    fs::write(&from, "one").unwrap();
    let settings = Settings {
        fsync: true,
        ..Settings::default()
    };
    let before = SYNCED.get();
    pull(&from, &to, settings);
    assert_eq!(SYNCED.get() - before, 2);
}
