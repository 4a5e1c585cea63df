//! Syncs that write everything to the disk.

use std::fs;

use super::{place, pull};
use crate::rsync::beneath::SYNCED;
use crate::rsync::protocol::Settings;

#[test]
fn files_and_directories_are_synced_to_the_disk_on_request() {
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
fn a_single_file_is_synced_to_the_disk_with_its_name() {
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
