//! A source that cheats: what it can make a receiver do, which is nothing outside the root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use alloc::sync::Arc;

use crate::rsync::beneath::{Kind, Meta, Name, NameError};
use crate::rsync::protocol::{
    Content, End, Entry, EntryKind, FromSource, FromTarget, ProtocolError, Section, Segment,
    SegmentKind, Settings,
};
use crate::rsync::receiver::{Receiver, Rules};

struct Place {
    /// Holds the root, and is not to change.
    outside: tempfile::TempDir,
    receiver: Receiver<()>,
    out: Vec<FromTarget>,
}

impl Place {
    fn new(settings: Settings, rules: Rules) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let root = Meta {
            kind: Kind::Directory,
            mode: 0o755,
            size: 0,
            mtime: 0,
        };
        let path = outside.path().join("root");
        let mut receiver = Receiver::new(&path, &root, settings, rules, ()).unwrap();
        let mut out = Vec::new();
        receiver.begin(&mut out);
        Self {
            outside,
            receiver,
            out,
        }
    }

    fn plain() -> Self {
        Self::new(Settings::default(), Rules::default())
    }

    fn root(&self) -> PathBuf {
        self.outside.path().join("root")
    }

    fn list(&mut self, sections: &[u8]) -> Result<(), ProtocolError> {
        self.receiver
            .handle(FromSource::List(Arc::new(sections.to_vec())), &mut self.out)
    }

    fn data(&mut self, segments: &[Segment], body: &[u8]) -> Result<(), ProtocolError> {
        let mut packed = Vec::new();
        segments
            .iter()
            .for_each(|segment| segment.pack(&mut packed));
        let message = FromSource::Data(Content::new(packed, body));
        self.receiver.handle(message, &mut self.out)
    }

    /// Whether the receiver made nothing beside its root.
    fn is_outside_untouched(&self) -> bool {
        fs::read_dir(self.outside.path()).unwrap().count() == 1
    }
}

const FILE: EntryKind<'_> = EntryKind::File {
    mode: 0o644,
    size: 4,
    mtime: 7,
};
const FOLDER: EntryKind<'_> = EntryKind::Folder {
    mode: 0o755,
    mtime: 7,
};

/// A section of entries whose names need not be names.
fn raw_section(folder: u32, end: End, entries: &[(&[u8], EntryKind<'_>)]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    let mut packed = Section {
        folder,
        entries: count,
        end,
    }
    .pack()
    .to_vec();
    for (name, kind) in entries {
        // Packed under a name of the same length, which is then written over.
        let stand_in = vec![b'x'; name.len().clamp(1, 255)];
        let start = packed.len();
        Entry {
            name: Name::new(&stand_in).unwrap(),
            kind: *kind,
        }
        .pack(&mut packed);
        let (len, at) = (u16::try_from(name.len()).unwrap(), start + 21);
        packed[start + 19..at].copy_from_slice(&len.to_be_bytes());
        packed.splice(at..at + stand_in.len(), name.iter().copied());
    }
    packed
}

fn whole(folder: u32, entries: &[(&[u8], EntryKind<'_>)]) -> Vec<u8> {
    raw_section(folder, End::Whole, entries)
}

fn first(file: u32, size: u64, len: u32, last: bool) -> Segment {
    Segment {
        file,
        kind: SegmentKind::First {
            mode: 0o644,
            size,
            mtime: 7,
        },
        last,
        len,
    }
}

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
fn names_twice_or_out_of_order_are_refused() {
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
fn folders_are_listed_once_and_in_turn() {
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
fn content_that_was_not_asked_for_is_refused() {
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
fn a_file_that_is_here_unchanged_cannot_be_overwritten() {
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
fn nothing_is_taken_after_the_end() {
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
fn a_folder_that_was_cut_off_is_not_deleted_in() {
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

/// Between the listing and the content somebody puts links where the receiver works.
#[test]
fn a_link_swapped_in_leads_no_write_outside() {
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

/// With what is off unless asked for.
fn keeping() -> Place {
    let settings = Settings {
        sparse: true,
        hard_links: true,
        ..Settings::default()
    };
    Place::new(settings, Rules::default())
}

fn name_of(first: u32) -> EntryKind<'static> {
    EntryKind::HardLink {
        first,
        mode: 0o644,
        size: 4,
        mtime: 7,
    }
}

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
fn another_name_is_for_a_file_that_was_listed_as_one_with_several() {
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
fn a_file_that_did_not_come_has_no_other_names() {
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

/// Somebody puts another file where the one is that has just come.
#[test]
fn another_name_is_only_for_the_file_that_was_written() {
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

#[test]
fn a_hole_is_within_what_was_announced_and_listed() {
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
fn a_hole_that_no_file_system_holds_fails_alone() {
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
