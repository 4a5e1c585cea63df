//! Permissions of files and directories after a sync.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{place, pull};
use crate::rsync::protocol::Settings;

#[test]
fn special_mode_bits_are_kept_only_on_request() {
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
fn read_only_directories_are_filled_and_made_writable_for_their_owner() {
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
