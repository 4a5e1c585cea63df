//! A malicious source: content that was not requested or does not fit its announcement.

use std::fs;
use std::os::unix::fs::symlink;

use super::{FILE, FOLDER, Place, first, whole};
use crate::rsync::beneath::{Kind, Meta};
use crate::rsync::protocol::{End, ProtocolError, Section, Segment, SegmentKind, Settings};
use crate::rsync::receiver::{Receiver, Rules};

#[test]
fn content_that_was_not_requested_is_refused() {
    assert_eq!(
        Place::plain().data(&[first(0, 4, 4, true)], b"evil"),
        Err(ProtocolError::Content)
    );
    let mut place = Place::plain();
    place
        .list(&whole(0, &[(b"a", FILE), (b"b", FILE)]))
        .unwrap();
    assert_eq!(
        place.data(&[first(1, 4, 4, true)], b"evil"),
        Err(ProtocolError::Content)
    );
    let more = Segment {
        file: 0,
        kind: SegmentKind::More,
        last: true,
        len: 4,
    };
    let mut place = Place::plain();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    assert_eq!(place.data(&[more], b"evil"), Err(ProtocolError::Content));
    // Once it has come, it does not come again.
    let mut place = Place::plain();
    place
        .list(&whole(0, &[(b"a", FILE), (b"b", FILE)]))
        .unwrap();
    place.data(&[first(0, 4, 4, true)], b"once").unwrap();
    assert_eq!(
        place.data(&[first(0, 4, 4, true)], b"more"),
        Err(ProtocolError::Content)
    );
    assert_eq!(fs::read(place.root().join("a")).unwrap(), b"once");
}

#[test]
fn an_unchanged_file_cannot_be_overwritten() {
    let mut place = Place::plain();
    fs::write(place.root().join("a"), "mine").unwrap();
    let time = std::time::UNIX_EPOCH + core::time::Duration::from_nanos(7);
    fs::File::open(place.root().join("a"))
        .unwrap()
        .set_modified(time)
        .unwrap();
    // The root was made by the receiver: this one finds it.
    let root = Meta {
        kind: Kind::Directory,
        mode: 0o755,
        size: 0,
        mtime: 0,
    };
    let path = place.root();
    place.receiver =
        Receiver::new(&path, &root, Settings::default(), Rules::default(), ()).unwrap();
    place
        .list(&whole(0, &[(b"a", FILE), (b"b", FILE)]))
        .unwrap();
    assert_eq!(
        place.data(&[first(0, 4, 4, true)], b"evil"),
        Err(ProtocolError::Content)
    );
    assert_eq!(fs::read(path.join("a")).unwrap(), b"mine");
}

#[test]
fn more_or_less_content_than_announced_is_refused_and_leaves_the_old_file() {
    for (segment, body) in [
        (first(0, 4, 5, true), &b"12345"[..]),
        (first(0, 4, 3, true), b"123"),
    ] {
        let mut place = Place::plain();
        fs::write(place.root().join("a"), "old").unwrap();
        place.list(&whole(0, &[(b"a", FILE)])).unwrap();
        assert_eq!(place.data(&[segment], body), Err(ProtocolError::Size));
        let root = place.root();
        drop(place.receiver);
        assert_eq!(fs::read(root.join("a")).unwrap(), b"old");
        assert_eq!(
            fs::read_dir(root).unwrap().count(),
            1,
            "nothing unfinished stays"
        );
    }
}

#[test]
fn records_that_lie_about_their_lengths_are_refused() {
    let mut place = Place::plain();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    let huge = first(0, u64::MAX, u32::MAX, false);
    assert_eq!(place.data(&[huge], b"1234"), Err(ProtocolError::CutShort));
    let mut place = Place::plain();
    place.list(&whole(0, &[(b"a", FILE)])).unwrap();
    assert_eq!(
        place.data(&[first(0, 4, 4, true)], b"12345"),
        Err(ProtocolError::Content)
    );
    let lie = Section {
        folder: 0,
        entries: u32::MAX,
        end: End::Whole,
    }
    .pack();
    assert_eq!(Place::plain().list(&lie), Err(ProtocolError::CutShort));
}

/// Between the listing and the content somebody puts links where the receiver works.
#[test]
fn a_link_that_replaces_a_folder_diverts_no_write() {
    let mut place = Place::plain();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("f"), "untouched").unwrap();
    place
        .list(&whole(0, &[(b"d", FOLDER), (b"f", FILE)]))
        .unwrap();
    place.list(&whole(1, &[(b"f", FILE)])).unwrap();
    fs::rename(place.root().join("d"), place.root().join("was-d")).unwrap();
    symlink(elsewhere.path(), place.root().join("d")).unwrap();
    symlink(elsewhere.path().join("f"), place.root().join("f")).unwrap();
    place
        .data(&[first(0, 4, 4, true), first(1, 4, 4, true)], b"evilevil")
        .unwrap();
    assert_eq!(fs::read(elsewhere.path().join("f")).unwrap(), b"untouched");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    assert_eq!(
        fs::read(place.root().join("f")).unwrap(),
        b"evil",
        "the link made way"
    );
}
