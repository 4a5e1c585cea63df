//! What a source lists of its tree.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::rsync::observer::{LeftOut, Observer};
use crate::rsync::protocol::{End, Entry, EntryKind, Section, Unpacker};
use crate::rsync::walk::{Links, Walk};

/// Takes everything, and notes what is left out.
#[derive(Default)]
struct Notes(Vec<(String, bool)>);

impl Observer for Notes {
    fn left_out(&mut self, path: Vec<u8>, reason: LeftOut) {
        let failed = matches!(reason, LeftOut::Failed(_));
        self.0.push((String::from_utf8(path).unwrap(), failed));
    }
}

struct Listing {
    messages: Vec<Vec<u8>>,
    /// By path, and whether it failed.
    left_out: Vec<(String, bool)>,
}

impl Listing {
    fn of(tree: &Path, links: Links) -> Self {
        let mut walk = Walk::open(tree, links, Notes::default()).unwrap();
        let mut messages = Vec::new();
        walk.list_all(&mut |message| messages.push(message));
        let left_out = walk.into_observer().0;
        Self { messages, left_out }
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        self.each(|section, _| sections.push(section), |_| ());
        sections
    }

    /// One line for each entry.
    fn entries(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.each(|_, _| (), |entry| lines.push(line(&entry)));
        lines
    }

    fn each(&self, mut section: impl FnMut(Section, usize), mut entry: impl FnMut(Entry<'_>)) {
        for (number, message) in self.messages.iter().enumerate() {
            let mut unpacker = Unpacker::new(message);
            while !unpacker.is_empty() {
                let head = Section::unpack(&mut unpacker).unwrap();
                section(head, number);
                for _ in 0..head.entries {
                    entry(Entry::unpack(&mut unpacker).unwrap());
                }
            }
        }
    }
}

fn line(entry: &Entry<'_>) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let kind = match entry.kind {
        EntryKind::File { size, .. } => format!("file of {size}"),
        EntryKind::HardLink { first, .. } => format!("name of {first}"),
        EntryKind::Folder { .. } => "folder".to_owned(),
        EntryKind::Link(target) => format!("link {}", text(target)),
        EntryKind::LinkInside(path) => format!("inside {}", text(path)),
        EntryKind::Protected(b"") => "kept".to_owned(),
        EntryKind::Protected(_) => "failed".to_owned(),
    };
    format!("{:?}: {kind}", entry.name)
}

#[test]
fn each_folder_is_listed_once_and_nothing_else() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("a/b")).unwrap();
    fs::write(tree.path().join("a/f"), "123").unwrap();
    let listing = Listing::of(tree.path(), Links::Keep);
    assert_eq!(
        listing.entries(),
        ["a: folder", "b: folder", "f: file of 3"]
    );
    let whole = |folder, entries| Section {
        folder,
        entries,
        end: End::Whole,
    };
    assert_eq!(listing.sections(), [whole(0, 1), whole(1, 2), whole(2, 0)]);
    assert_eq!(listing.left_out, []);
}

#[test]
fn a_folder_of_many_names_is_listed_in_messages_of_a_bounded_size() {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..600 {
        fs::write(tree.path().join(format!("{number:0200}")), "").unwrap();
    }
    let listing = Listing::of(tree.path(), Links::Keep);
    assert_eq!(listing.entries().len(), 600);
    let ends: Vec<End> = listing.sections().iter().map(|part| part.end).collect();
    assert_eq!(ends, [End::NotYet, End::NotYet, End::Whole]);
    let sizes: Vec<usize> = listing.messages.iter().map(Vec::len).collect();
    assert_eq!(sizes.len(), 3, "{sizes:?}");
    assert!(sizes.iter().all(|&size| size < 64 << 10), "{sizes:?}");
}

#[test]
fn an_absolute_link_into_the_tree_is_listed_by_its_place_unless_a_parent_is_in_it() {
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().canonicalize().unwrap().join("tree");
    fs::create_dir_all(tree.join("d")).unwrap();
    for (name, target) in [
        ("1", tree.join("d/.//f")),
        ("2", tree.clone()),
        ("3", tree.join("../outside")),
        ("4", tree.join("d/../d")),
        ("5", tree.with_file_name("trees")),
        ("6", "d".into()),
    ] {
        symlink(target, tree.join(name)).unwrap();
    }
    let entries = Listing::of(&tree, Links::Keep).entries();
    let shown = tree.to_str().unwrap();
    assert_eq!(
        entries,
        [
            "1: inside d/f".to_owned(),
            "2: inside ".to_owned(),
            format!("3: link {shown}/../outside"),
            format!("4: link {shown}/d/../d"),
            format!("5: link {shown}s"),
            "6: link d".to_owned(),
            "d: folder".to_owned(),
        ]
    );
}

#[test]
fn links_out_of_the_tree_are_kept_or_refused_or_sent_as_their_files() {
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().join("tree");
    fs::create_dir(&tree).unwrap();
    fs::write(place.path().join("file"), "12345").unwrap();
    drop(UnixListener::bind(place.path().join("socket")).unwrap());
    for (name, target) in [
        ("1", "inside"),
        ("2", "../file"),
        ("3", ".."),
        ("4", "../socket"),
        ("5", "../nothing"),
    ] {
        symlink(target, tree.join(name)).unwrap();
    }
    let kept = [
        "1: link inside",
        "2: link ../file",
        "3: link ..",
        "4: link ../socket",
        "5: link ../nothing",
    ];
    let refused = [
        "1: link inside",
        "2: failed",
        "3: failed",
        "4: failed",
        "5: failed",
    ];
    let copied = [
        "1: link inside",
        "2: file of 5",
        "3: failed",
        "4: failed",
        "5: failed",
    ];
    for (links, entries, first_failed) in [
        (Links::Keep, kept, 6),
        (Links::Refuse, refused, 2),
        (Links::Copy, copied, 3),
    ] {
        let listing = Listing::of(&tree, links);
        assert_eq!(listing.entries(), entries, "{links:?}");
        let failed: Vec<_> = (first_failed..6)
            .map(|name| (name.to_string(), true))
            .collect();
        assert_eq!(listing.left_out, failed, "{links:?}");
    }
}

#[test]
fn special_files_are_skipped_and_reported() {
    let tree = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(tree.path().join("socket")).unwrap());
    let listing = Listing::of(tree.path(), Links::Keep);
    assert_eq!(listing.entries(), ["socket: kept"]);
    assert_eq!(listing.left_out, [("socket".to_owned(), false)]);
}
