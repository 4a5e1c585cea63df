//! Entries that a sync replaces, deletes or leaves: links, pipes, directories and excluded entries.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{place, pull, pull_with};
use crate::rsync::filter::Filter;
use crate::rsync::protocol::Settings;
use crate::rsync::walk::Links;

#[test]
fn entries_that_the_source_excludes_are_not_deleted() {
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
fn entries_of_another_kind_are_replaced_with_delete() {
    let place = place();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    fs::create_dir(from.join("dir")).unwrap();
    fs::write(from.join("dir/f"), "").unwrap();
    fs::write(from.join("file"), "file").unwrap();
    symlink("file", from.join("link")).unwrap();
    fs::create_dir_all(to.join("file/in")).unwrap();
    fs::create_dir_all(to.join("link/in")).unwrap();
    symlink("/tmp", to.join("dir")).unwrap();
    let settings = Settings {
        delete: true,
        ..Settings::default()
    };
    let report = pull(&from, &to, settings);
    assert_eq!(report.failed, []);
    assert!(to.join("dir/f").is_file());
    assert!(fs::symlink_metadata(to.join("dir")).unwrap().is_dir());
    assert_eq!(fs::read(to.join("file")).unwrap(), b"file");
    assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("file"));
}

#[test]
fn links_that_lead_out_are_refused_if_configured() {
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
fn pipes_and_sockets_are_neither_sent_nor_deleted() {
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
