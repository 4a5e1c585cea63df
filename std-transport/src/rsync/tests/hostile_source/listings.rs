//! A malicious source: malformed listings.

use alloc::sync::Arc;
use std::fs;

use super::{FILE, FOLDER, Place, raw_section, whole};
use crate::rsync::beneath::{Kind, Meta, NameError};
use crate::rsync::protocol::{End, EntryKind, FromSource, FromTarget, ProtocolError, Settings};
use crate::rsync::receiver::{Receiver, Rules};

#[test]
fn names_that_are_paths_are_refused() {
    for (name, error) in [
        (&b".."[..], NameError::Dots),
        (b".", NameError::Dots),
        (b"../x", NameError::Separator),
        (b"/etc/passwd", NameError::Separator),
        (b"a/b", NameError::Separator),
        (b"", NameError::Empty),
        (b"a\0b", NameError::Nul),
        (&[b'x'; 300], NameError::TooLong(300)),
    ] {
        for kind in [
            FILE,
            FOLDER,
            EntryKind::Link(b"t"),
            EntryKind::Protected(b""),
        ] {
            let mut place = Place::plain();
            let listed = place.list(&whole(0, &[(name, kind)]));
            assert_eq!(listed, Err(ProtocolError::Name(error)), "{name:?}");
            assert!(place.is_outside_untouched());
        }
    }
}

#[test]
fn a_link_into_the_tree_cannot_lead_out_of_it() {
    let mut place = Place::plain();
    let listed = place.list(&whole(0, &[(b"l", EntryKind::LinkInside(b"../../etc"))]));
    assert_eq!(listed, Err(ProtocolError::Name(NameError::Dots)));
}

#[test]
fn repeated_or_unordered_names_are_refused() {
    for entries in [
        [(&b"b"[..], FILE), (b"b", FOLDER)],
        [(b"b", FILE), (b"a", FILE)],
    ] {
        assert_eq!(
            Place::plain().list(&whole(0, &entries)),
            Err(ProtocolError::NameOrder)
        );
    }
    let mut place = Place::plain();
    place
        .list(&raw_section(0, End::NotYet, &[(b"b", FILE)]))
        .unwrap();
    assert_eq!(
        place.list(&whole(0, &[(b"b", FILE)])),
        Err(ProtocolError::NameOrder)
    );
}

#[test]
fn folders_are_listed_once_and_in_order() {
    assert_eq!(
        Place::plain().list(&whole(1, &[])),
        Err(ProtocolError::Folder)
    );
    assert_eq!(
        Place::plain().list(&whole(u32::MAX, &[])),
        Err(ProtocolError::Folder)
    );
    let mut place = Place::plain();
    place
        .list(&whole(0, &[(b"d", FOLDER), (b"e", FOLDER)]))
        .unwrap();
    assert_eq!(place.list(&whole(0, &[])), Err(ProtocolError::Folder));
    let mut place = Place::plain();
    place
        .list(&whole(0, &[(b"d", FOLDER), (b"e", FOLDER)]))
        .unwrap();
    assert_eq!(place.list(&whole(2, &[])), Err(ProtocolError::Folder));
    let mut asking = Place::new(
        Settings::default(),
        Rules {
            asks: true,
            ..Rules::default()
        },
    );
    assert_eq!(asking.list(&whole(1, &[])), Err(ProtocolError::Folder));
}

#[test]
fn a_listing_beyond_the_limits_is_refused() {
    let rules = Rules {
        entries: 2,
        ..Rules::default()
    };
    let names: [(&[u8], EntryKind<'_>); 3] = [
        (b"a", FILE),
        (b"b", EntryKind::Protected(b"")),
        (b"c", FILE),
    ];
    let listed = Place::new(Settings::default(), rules).list(&whole(0, &names));
    assert_eq!(listed, Err(ProtocolError::TooMany));
    let rules = Rules {
        listing: 100,
        ..Rules::default()
    };
    let long = [b'l'; 90];
    let listed =
        Place::new(Settings::default(), rules).list(&whole(0, &[(b"a", EntryKind::Link(&long))]));
    assert_eq!(listed, Err(ProtocolError::ListingSize));
    let mut deep = Place::plain();
    let result = (0..2_000).try_for_each(|folder| deep.list(&whole(folder, &[(b"d", FOLDER)])));
    assert_eq!(result, Err(ProtocolError::TooDeep));
}

#[test]
fn messages_after_the_end_are_refused() {
    let mut place = Place::plain();
    place.list(&whole(0, &[])).unwrap();
    assert_eq!(place.out.last(), Some(&FromTarget::Done));
    assert_eq!(place.list(&whole(0, &[])), Err(ProtocolError::OutOfTurn));
    assert_eq!(
        Place::plain()
            .receiver
            .handle(FromSource::Finish, &mut Vec::new()),
        Err(ProtocolError::OutOfTurn)
    );
}

#[test]
fn nothing_is_deleted_in_a_folder_with_an_incomplete_listing() {
    let settings = Settings {
        delete: true,
        ..Settings::default()
    };
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("precious"), "").unwrap();
    let root = Meta {
        kind: Kind::Directory,
        mode: 0o755,
        size: 0,
        mtime: 0,
    };
    for (end, stays) in [(End::CutOff, true), (End::Whole, false)] {
        let mut receiver =
            Receiver::new(outside.path(), &root, settings, Rules::default(), ()).unwrap();
        let list = FromSource::List(Arc::new(raw_section(0, end, &[])));
        receiver.handle(list, &mut Vec::new()).unwrap();
        assert_eq!(outside.path().join("precious").exists(), stays);
    }
}
