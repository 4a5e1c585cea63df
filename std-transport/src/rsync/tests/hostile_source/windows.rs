//! Names that Windows takes for others, or does not have.

use std::fs;

use super::{FILE, FOLDER, Place, first, whole};
use crate::rsync::beneath::ROOT;
use crate::rsync::protocol::{EntryKind, FromTarget, Note, NoteKind, Unpacker, Want};

fn wanted(out: &[FromTarget]) -> Vec<u32> {
    let mut files = Vec::new();
    for message in out {
        if let FromTarget::Want(wants) = message {
            let mut unpacker = Unpacker::new(wants);
            while !unpacker.is_empty() {
                files.push(Want::unpack(&mut unpacker).unwrap().file);
            }
        }
    }
    files
}

fn failed(out: &[FromTarget]) -> Vec<(u32, String, String)> {
    let mut failed = Vec::new();
    for message in out {
        if let FromTarget::Note(notes) = message {
            let mut unpacker = Unpacker::new(notes);
            while !unpacker.is_empty() {
                let note = Note::unpack(&mut unpacker).unwrap();
                assert_eq!(note.kind, NoteKind::Failed);
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                failed.push((note.folder, text(note.name), text(note.text)));
            }
        }
    }
    failed
}

#[test]
fn entries_with_such_names_are_failed_and_the_others_are_synced() {
    let mut place = Place::plain();
    let link = EntryKind::Link(b"f");
    let sections = [
        whole(
            ROOT,
            &[
                (b"..\\out", FILE),
                (b"A", FILE),
                (b"NUL", FILE),
                (b"a", FILE),
                (b"aux", FOLDER),
                (b"c:d", FILE),
                (b"f", FILE),
                (b"f:s", FILE),
                (b"l\\", link),
                (b"x.", FILE),
                (b"\xff", FILE),
            ],
        ),
        whole(1, &[(b"in", FILE)]),
    ];
    place.list(&sections.concat()).unwrap();
    assert_eq!(wanted(&place.out), [1, 5]);
    let names: Vec<_> = failed(&place.out)
        .into_iter()
        .map(|(folder, name, _)| (folder, name))
        .collect();
    let expected = [
        (ROOT, "..\\out"),
        (ROOT, "NUL"),
        (ROOT, "a"),
        (ROOT, "aux"),
        (ROOT, "c:d"),
        (ROOT, "f:s"),
        (ROOT, "l\\"),
        (ROOT, "x."),
        (ROOT, "\u{fffd}"),
        (1, "in"),
    ];
    let expected = expected.map(|(folder, name)| (folder, name.to_owned()));
    assert_eq!(names, expected);
    let segments = [first(1, 4, 4, true), first(5, 4, 4, true)];
    place.data(&segments, b"1234abcd").unwrap();
    assert!(place.is_outside_untouched());
    assert_eq!(fs::read_dir(place.root()).unwrap().count(), 2);
    assert_eq!(fs::read(place.root().join("f")).unwrap(), b"abcd");
}

#[test]
fn a_kept_entry_is_not_replaced_by_one_whose_name_differs_in_case() {
    let mut place = Place::plain();
    fs::write(place.root().join("Kept"), "old").unwrap();
    let kept = EntryKind::Protected(b"");
    let sections = whole(ROOT, &[(b"Kept", kept), (b"kept", FILE)]);
    place.list(&sections).unwrap();
    assert_eq!(wanted(&place.out), [0; 0]);
    assert_eq!(failed(&place.out)[0].1, "kept");
    assert_eq!(fs::read(place.root().join("Kept")).unwrap(), b"old");
}
