//! Tests of the messages of a sync: round trips, and malformed bytes.

use execnet_serializer::{Bytes, Dump, DumpOptions, EncodeError, Encoder, LoadOptions, Value};

use super::*;
use crate::rsync::beneath::{Kind, Meta, Name};
use crate::rsync::origin::Origin;

fn on_the_wire(message: &impl Dump) -> Value {
    LoadOptions::wire()
        .loads(&DumpOptions::wire().dumps(message).unwrap())
        .unwrap()
}

#[test]
fn messages_come_back_as_they_went() {
    for message in [
        FromSource::List(b"sections".to_vec().into()),
        FromSource::Data(Content::new(b"s".to_vec(), b"body")),
        FromSource::Data(Content::new(Vec::new(), b"")),
        FromSource::Finish,
    ] {
        let item = DumpOptions::wire().dumps(&message).unwrap();
        assert_eq!(FromSource::try_from(item).as_ref(), Ok(&message));
        assert_eq!(FromSource::try_from(on_the_wire(&message)), Ok(message));
    }
    for message in [
        FromTarget::Want(b"w".to_vec()),
        FromTarget::Ask(b"a".to_vec()),
        FromTarget::Ack {
            taken: 1 << 40,
            outcomes: Vec::new(),
        },
        FromTarget::Note(b"n".to_vec()),
        FromTarget::Done,
    ] {
        assert_eq!(FromTarget::try_from(on_the_wire(&message)), Ok(message));
    }
}

#[test]
fn segments_and_body_are_found_in_an_item_as_it_came() {
    let sent = Content::new(b"segments".to_vec(), b"body");
    assert_eq!(
        (sent.segments(), sent.body()),
        (&b"segments"[..], &b"body"[..])
    );
    let item = DumpOptions::wire().dumps(&FromSource::Data(sent)).unwrap();
    let Ok(FromSource::Data(found)) = FromSource::try_from(item) else {
        panic!("no DATA");
    };
    assert_eq!(
        (found.segments(), found.body()),
        (&b"segments"[..], &b"body"[..])
    );
    assert_ne!(found, Content::new(b"segments".to_vec(), b"bod"));
    assert_ne!(found, Content::new(b"segment".to_vec(), b"body"));
}

#[test]
fn data_ends_with_a_tuple_of_three_and_nothing_behind_it() {
    type Written = Result<(), EncodeError<core::convert::Infallible>>;
    type Finish = fn(&mut Encoder<Vec<u8>>) -> Written;
    let item = |end: Finish| {
        let mut encoder = Encoder::new(Vec::new());
        3_i64.dump(&mut encoder).unwrap();
        encoder.bytes(b"s").unwrap();
        encoder.bytes(b"b").unwrap();
        end(&mut encoder).unwrap();
        FromSource::try_from(encoder.into_inner())
    };
    let whole = item(|encoder| encoder.tuple(3).and_then(|()| encoder.stop()));
    assert_eq!(
        whole,
        Ok(FromSource::Data(Content::new(b"s".to_vec(), b"b")))
    );
    for (case, end) in [
        (
            "two of three",
            (|encoder| encoder.tuple(2).and_then(|()| encoder.stop())) as Finish,
        ),
        ("no tuple", |encoder| encoder.stop()),
        ("no end", |encoder| encoder.tuple(3)),
        ("another token", |encoder| {
            encoder.tuple(3)?;
            Value::None.dump(encoder)
        }),
    ] {
        assert_eq!(item(end), Err(ProtocolError::Message), "{case}");
    }
    for item in [
        DumpOptions::wire().dumps(&(3, Bytes(b"s"), Bytes(b"b"), 1)),
        DumpOptions::wire().dumps(&Value::List(vec![
            Value::from(3),
            Value::Bytes(b"s".to_vec()),
            Value::Bytes(b"b".to_vec()),
        ])),
    ] {
        assert_eq!(
            FromSource::try_from(item.unwrap()),
            Err(ProtocolError::Message)
        );
    }
}

#[test]
fn items_that_are_no_message_are_refused() {
    let source = |value: Value| FromSource::try_from(value).unwrap_err();
    assert_eq!(source(Value::None), ProtocolError::Message);
    assert_eq!(source(Value::Tuple(vec![])), ProtocolError::Message);
    assert_eq!(
        source(Value::Tuple(vec![Value::from(99)])),
        ProtocolError::Message
    );
    assert_eq!(source(Value::from((2, "text"))), ProtocolError::Message);
    assert_eq!(source(on_the_wire(&(4, 4))), ProtocolError::Message);
    let item = |item: &[u8]| FromSource::try_from(item.to_vec()).unwrap_err();
    let data = DumpOptions::wire()
        .dumps(&FromSource::Data(Content::new(b"s".to_vec(), b"b")))
        .unwrap();
    for len in 0..data.len() {
        assert_eq!(item(&data[..len]), ProtocolError::Message, "{len}");
    }
    assert_eq!(
        FromTarget::try_from(on_the_wire(&(14, 4))),
        Err(ProtocolError::Message)
    );
    let negative = on_the_wire(&(12, -1, execnet_serializer::Bytes(b"")));
    assert_eq!(FromTarget::try_from(negative), Err(ProtocolError::Message));
}

#[test]
fn the_beginning_comes_back_as_it_went() {
    let origin = Origin {
        host: b"host".to_vec(),
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
fn records_come_back_as_they_went() {
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
fn transfers_come_back_as_they_went() {
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
fn what_ends_a_file_without_content_is_its_last_segment() {
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
fn every_violation_is_told_apart() {
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
