//! Records within messages, and the first item of each side.

use super::*;
use crate::rsync::beneath::{Kind, Meta, Name};
use crate::rsync::origin::Origin;

#[test]
fn the_first_items_round_trip() {
    let origin = Origin {
        host: b"host".to_vec(),
        root: vec![3; 16],
        filtered: true,
        above: vec![7; 32],
    };
    let start = Start {
        role: Role::Target {
            root: b"root".to_vec(),
        },
        path: b"/x/\xff".to_vec(),
        settings: Settings {
            delete: true,
            window: 1 << 33,
            ..Settings::default()
        },
        origin: Some(origin.clone()),
    };
    assert_eq!(Start::from_value(&start.to_value()), Ok(start.clone()));
    let pull = Start {
        role: Role::Source { asked: true },
        ..start
    };
    assert_eq!(Start::from_value(&pull.to_value()), Ok(pull));
    let ready = Ready {
        root: Some(b"r".to_vec()),
        origin: Some(origin),
        error: None,
    };
    assert_eq!(Ready::from_value(&ready.to_value()), Ok(ready));
    let refusal = Ready::refusal(&std::io::Error::other("no\u{1b}"));
    let read = Ready::from_value(&refusal.to_value()).unwrap();
    assert_eq!(read.accepted().unwrap_err().to_string(), "no\\u{1b}");
    assert_eq!(Ready::from_value(&Value::None), Err(ProtocolError::Message));
}

#[test]
fn records_round_trip() {
    let name = Name::new(b"n\xff").unwrap();
    let kinds = [
        EntryKind::File {
            mode: 0o644,
            size: u64::MAX,
            mtime: -1,
        },
        EntryKind::HardLink {
            first: 7,
            mode: 0o600,
            size: 1,
            mtime: 2,
        },
        EntryKind::Folder {
            mode: 0o755,
            mtime: i64::MIN,
        },
        EntryKind::Link(b"../x"),
        EntryKind::LinkInside(b""),
        EntryKind::Protected(b""),
        EntryKind::Protected(b"Permission denied"),
    ];
    let mut packed = Vec::new();
    for kind in kinds {
        Entry { name, kind }.pack(&mut packed);
    }
    let mut unpacker = Unpacker::new(&packed);
    for kind in kinds {
        assert_eq!(Entry::unpack(&mut unpacker), Ok(Entry { name, kind }));
    }
    assert!(unpacker.is_empty());

    for end in [End::NotYet, End::Whole, End::CutOff] {
        let section = Section {
            folder: 7,
            entries: 9,
            end,
        };
        assert_eq!(
            Section::unpack(&mut Unpacker::new(&section.pack())),
            Ok(section)
        );
    }
    let root = Meta {
        kind: Kind::Directory,
        mode: 0o700,
        size: 0,
        mtime: 5,
    };
    assert_eq!(unpack_root(&pack_root(&root)), Ok(root));
}

#[test]
fn records_of_transfers_round_trip() {
    fn check<T: Copy + PartialEq + core::fmt::Debug>(
        records: &[T],
        pack: impl Fn(&T, &mut Vec<u8>),
        unpack: impl for<'a> Fn(&mut Unpacker<'a>, T) -> bool,
    ) {
        let mut packed = Vec::new();
        records.iter().for_each(|record| pack(record, &mut packed));
        let mut unpacker = Unpacker::new(&packed);
        assert!(records.iter().all(|record| unpack(&mut unpacker, *record)));
        assert!(unpacker.is_empty());
    }
    check(
        &[
            Want {
                file: 1,
                digest: None,
            },
            Want {
                file: 2,
                digest: Some([3; 32]),
            },
        ],
        Want::pack,
        |unpacker, want| Want::unpack(unpacker) == Ok(want),
    );
    let first = SegmentKind::First {
        mode: 0o600,
        size: 5,
        mtime: 6,
    };
    let same = SegmentKind::Same {
        mode: 0o600,
        mtime: 6,
    };
    check(
        &[
            Segment {
                file: 1,
                kind: first,
                last: false,
                len: 4,
            },
            Segment {
                file: 1,
                kind: SegmentKind::More,
                last: true,
                len: 1,
            },
            Segment {
                file: 1,
                kind: SegmentKind::Hole { size: 1 << 40 },
                last: true,
                len: 0,
            },
            Segment {
                file: 2,
                kind: same,
                last: true,
                len: 0,
            },
            Segment {
                file: 3,
                kind: SegmentKind::Failed,
                last: true,
                len: 9,
            },
        ],
        Segment::pack,
        |unpacker, segment| Segment::unpack(unpacker) == Ok(segment),
    );
    let outcomes = [
        FileResult::Written,
        FileResult::Same,
        FileResult::Failed(b"why"),
    ];
    let outcomes = outcomes.map(|result| Outcome { file: 4, result });
    let mut packed = Vec::new();
    outcomes
        .iter()
        .for_each(|outcome| outcome.pack(&mut packed));
    let mut unpacker = Unpacker::new(&packed);
    assert_eq!(
        outcomes,
        [(); 3].map(|()| Outcome::unpack(&mut unpacker).unwrap())
    );
    let note = Note {
        kind: NoteKind::Failed,
        folder: 3,
        name: b"n",
        text: b"t",
    };
    let mut packed = Vec::new();
    note.pack(&mut packed);
    assert_eq!(Note::unpack(&mut Unpacker::new(&packed)), Ok(note));
}

#[test]
fn records_that_are_cut_or_unknown_are_refused() {
    let name = Name::new(b"name").unwrap();
    let mut packed = Vec::new();
    Entry {
        name,
        kind: EntryKind::Link(b"target"),
    }
    .pack(&mut packed);
    for len in 0..packed.len() {
        let cut = Entry::unpack(&mut Unpacker::new(&packed[..len]));
        // A cut in the name makes another name of nothing.
        assert!(
            matches!(cut, Err(ProtocolError::CutShort)),
            "{len}: {cut:?}"
        );
    }
    packed[0] = b'?';
    assert_eq!(
        Entry::unpack(&mut Unpacker::new(&packed)),
        Err(ProtocolError::Record)
    );
    packed[0] = b'l';
    packed[3] = 0xff; // The highest byte of the target's length.
    assert_eq!(
        Entry::unpack(&mut Unpacker::new(&packed)),
        Err(ProtocolError::Record)
    );
}

#[test]
fn a_segment_that_ends_a_file_without_content_is_the_last() {
    let same = SegmentKind::Same { mode: 0, mtime: 0 };
    for kind in [same, SegmentKind::Failed] {
        for (last, expected) in [(true, Ok(kind)), (false, Err(ProtocolError::Record))] {
            let segment = Segment {
                file: 1,
                kind,
                last,
                len: 0,
            };
            let mut packed = Vec::new();
            segment.pack(&mut packed);
            let read = Segment::unpack(&mut Unpacker::new(&packed));
            assert_eq!(
                read.map(|segment| segment.kind),
                expected,
                "{kind:?}, {last}"
            );
        }
    }
}

#[test]
fn each_violation_has_its_own_text() {
    let texts = [
        ProtocolError::Message,
        ProtocolError::Record,
        ProtocolError::CutShort,
        ProtocolError::Version,
        ProtocolError::Name(crate::rsync::beneath::NameError::Dots),
        ProtocolError::NameOrder,
        ProtocolError::Folder,
        ProtocolError::TooDeep,
        ProtocolError::TooMany,
        ProtocolError::ListingSize,
        ProtocolError::Request,
        ProtocolError::Content,
        ProtocolError::Size,
        ProtocolError::Acknowledgement,
        ProtocolError::OutOfTurn,
    ]
    .map(|error| error.to_string());
    let distinct: std::collections::HashSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len(), "{texts:?}");
    assert!(texts[7].ends_with("1024"), "{texts:?}");
}
