//! A malicious source: invalid further names of files.

use std::fs;
use std::os::unix::fs::symlink;

use super::{FILE, Place, first, keeping, whole};
use crate::rsync::protocol::{EntryKind, FromTarget, ProtocolError, Segment, SegmentKind};

fn name_of(first: u32) -> EntryKind<'static> {
    EntryKind::HardLink {
        first,
        mode: 0o644,
        size: 4,
        mtime: 7,
    }
}

#[test]
fn another_name_requires_a_file_listed_with_several_names() {
    let refused = |mut place: Place, entries: &[(&[u8], EntryKind<'_>)]| {
        assert_eq!(place.list(&whole(0, entries)), Err(ProtocolError::Record));
    };
    refused(Place::plain(), &[(b"a", name_of(0))]);
    for first in [1, u32::MAX] {
        refused(keeping(), &[(b"a", name_of(first))]);
    }
    refused(keeping(), &[(b"a", FILE), (b"b", name_of(0))]);
}

#[test]
fn a_file_that_failed_gets_no_other_names() {
    let mut place = keeping();
    let failed = Segment {
        kind: SegmentKind::Failed,
        last: true,
        ..first(0, 0, 2, true)
    };
    place
        .list(&whole(0, &[(b"a", name_of(0)), (b"b", name_of(0))]))
        .unwrap();
    fs::write(place.root().join("a"), "old").unwrap();
    place.data(&[failed], b"no").unwrap();
    assert_eq!(place.out.last(), Some(&FromTarget::Done));
    assert!(!place.root().join("b").exists());
}

/// Another process replaces the file that has just been written.
#[test]
fn another_name_refers_only_to_the_file_that_was_written() {
    type Swap = fn(&std::path::Path, &std::path::Path) -> std::io::Result<()>;
    let swaps: [Swap; 3] = [
        |from, to| symlink(from, to),
        |from, to| fs::hard_link(from, to),
        |_, to| fs::create_dir(to),
    ];
    for swap in swaps {
        let mut place = keeping();
        let secret = place.outside.path().join("secret");
        fs::write(&secret, "secret").unwrap();
        let entries = [(&b"a"[..], name_of(0)), (b"b", name_of(0)), (b"c", FILE)];
        place.list(&whole(0, &entries)).unwrap();
        place.data(&[first(0, 4, 4, true)], b"mine").unwrap();
        fs::remove_file(place.root().join("a")).unwrap();
        swap(&secret, &place.root().join("a")).unwrap();
        place.data(&[first(2, 4, 4, true)], b"more").unwrap();
        assert_eq!(place.out.last(), Some(&FromTarget::Done));
        let names = fs::read_dir(place.root()).unwrap().count();
        assert_eq!(names, 2, "what took its place, and c");
    }
}
