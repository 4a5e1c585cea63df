//! A malicious source: invalid holes of sparse files.

use std::fs;

use super::{FILE, Place, first, keeping, whole};
use crate::rsync::protocol::{EntryKind, FromTarget, ProtocolError, Segment, SegmentKind};

fn hole(size: u64, last: bool) -> Segment {
    let kind = SegmentKind::Hole { size };
    Segment {
        file: 0,
        kind,
        last,
        len: 0,
    }
}

#[test]
fn holes_are_limited_by_the_announced_and_the_listed_size() {
    let begun = |size| [first(0, size, 0, false)];
    let mut place = Place::plain();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    place.data(&begun(4), b"").unwrap();
    assert_eq!(
        place.data(&[hole(4, true)], b""),
        Err(ProtocolError::Content)
    );
    for (size, hole, refused) in [
        (4, hole(5, true), ProtocolError::Size),
        (4, hole(3, true), ProtocolError::Size),
        (u64::MAX, hole(u64::MAX, true), ProtocolError::Size),
        // It has grown since it was listed, by what is no hole at most.
        (9, hole(5, false), ProtocolError::Size),
    ] {
        let mut place = keeping();
        place.list(&whole(0, &[(b"a", FILE)])).unwrap();
        place.data(&begun(size), b"").unwrap();
        assert_eq!(place.data(&[hole], b""), Err(refused));
    }
    let mut place = keeping();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    assert_eq!(
        place.data(&[hole(4, true)], b""),
        Err(ProtocolError::Content)
    );
    let mut place = keeping();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    let segments = [first(0, 6, 1, false), hole(4, false)];
    place.data(&segments, b"1").unwrap();
    let more = SegmentKind::More;
    let last = Segment {
        kind: more,
        ..first(0, 0, 1, true)
    };
    place.data(&[last], b"6").unwrap();
    assert_eq!(fs::read(place.root().join("a")).unwrap(), b"1\0\0\0\x006");
}

/// No file is this long anywhere: it fails alone.
#[test]
fn a_hole_beyond_the_limit_of_the_file_system_fails_only_its_file() {
    let mut place = keeping();
    let huge = EntryKind::File {
        mode: 0o644,
        size: u64::MAX,
        mtime: 7,
    };
    place.list(&whole(0, &[(b"a", huge)])).unwrap();
    place
        .data(&[first(0, u64::MAX, 0, false), hole(u64::MAX, true)], b"")
        .unwrap();
    assert_eq!(place.out.last(), Some(&FromTarget::Done));
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 0);
}
