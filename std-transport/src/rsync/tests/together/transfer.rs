//! Which files a sync sends.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use super::{place, pull};
use crate::rsync::protocol::Settings;

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
fn a_dry_run_reports_and_changes_nothing() {
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
fn with_checksum_files_are_compared_by_content() {
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
fn a_single_file_is_copied() {
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
