//! Tests of file operations in held directories on Windows.

use alloc::sync::Arc;
use std::fs;
use std::io::ErrorKind::{AlreadyExists, InvalidFilename, NotADirectory};
use std::io::{Read as _, Write as _};

use tempfile::TempDir;

use super::*;
use crate::rsync::beneath::*;

fn name(text: &str) -> Name<'_> {
    Name::new(text.as_bytes()).unwrap()
}

fn place() -> (TempDir, Arc<Dir>) {
    let place = tempfile::tempdir().unwrap();
    let dir = Arc::new(Dir::at(place.path()).unwrap());
    (place, dir)
}

fn put(dir: &Arc<Dir>, to: &str, content: &str, mode: u16) {
    let mut temporary = Temporary::new(Arc::clone(dir)).unwrap();
    temporary.file().write_all(content.as_bytes()).unwrap();
    temporary
        .replace(name(to), mode, 1_500_000_000_123_456_789, false)
        .unwrap();
}

fn text_of(dir: &Dir, from: &str) -> String {
    let (mut file, meta) = dir.open_file(name(from)).unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text.len(), usize::try_from(meta.size).unwrap());
    text
}

#[test]
fn a_temporary_gets_time_and_mode_and_replaces_a_file_of_any_mode() {
    let (place, dir) = place();
    for (content, mode) in [("first", 0o444), ("second", 0o444), ("third", 0o755)] {
        put(&dir, "f", content, mode);
        assert_eq!(text_of(&dir, "f"), content);
        let meta = dir.meta_of(name("f")).unwrap().unwrap();
        assert_eq!((meta.kind, meta.mode), (Kind::File, kept_mode(mode)));
        assert!(same_time(meta.mtime, 1_500_000_000_123_456_789), "{meta:?}");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
    dir.set_file(name("f"), 0o444, -1_000_000_000, false)
        .unwrap();
    let meta = dir.meta_of(name("f")).unwrap().unwrap();
    assert_eq!((meta.mode, meta.mtime), (0o444, -1_000_000_000));
    assert!(dir.meta_of(name("none")).unwrap().is_none());
}

#[test]
fn a_dropped_temporary_leaves_the_old_file_whole() {
    let (place, dir) = place();
    fs::write(place.path().join("f"), "old").unwrap();
    let mut temporary = Temporary::new(Arc::clone(&dir)).unwrap();
    temporary.file().write_all(b"half").unwrap();
    drop(temporary);
    assert_eq!(text_of(&dir, "f"), "old");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn a_new_file_is_never_what_was_there_before() {
    let (place, dir) = place();
    fs::write(place.path().join("taken"), "old").unwrap();
    assert_eq!(dir.create("taken").unwrap_err().kind(), AlreadyExists);
    assert_eq!(
        dir.make_dir(name("taken")).unwrap_err().kind(),
        AlreadyExists
    );
    assert_eq!(text_of(&dir, "taken"), "old");
}

#[test]
fn names_that_windows_takes_for_others_reach_nothing() {
    let (place, dir) = place();
    fs::write(place.path().join("f"), "kept").unwrap();
    fs::create_dir(place.path().join("d")).unwrap();
    for bad in [
        "NUL", "f:stream", "f.", "f ", "..\\f", "d\\x", "C:", "a\u{1}",
    ] {
        let bad = name(bad);
        let refused = |error: io::Error| assert_eq!(error.kind(), InvalidFilename, "{bad}");
        refused(dir.meta_of(bad).unwrap_err());
        refused(dir.open_file(bad).unwrap_err());
        refused(dir.open_dir(bad).unwrap_err());
        refused(dir.make_dir(bad).unwrap_err());
        refused(dir.provide_dir(bad).unwrap_err());
        refused(dir.remove(bad).unwrap_err());
        let temporary = Temporary::new(Arc::clone(&dir)).unwrap();
        refused(temporary.replace(bad, 0o644, 0, false).unwrap_err());
    }
    assert_eq!(text_of(&dir, "f"), "kept");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn names_that_are_the_same_here_are_found() {
    let mut siblings = Siblings::default();
    assert_eq!(siblings.refusal(name("ReadMe")), None);
    assert_eq!(siblings.refusal(name("other")), None);
    assert!(siblings.refusal(name("README")).is_some());
    assert!(siblings.refusal(name("NUL")).is_some());
    assert!(siblings.has(b"readme") && !siblings.has(b"nul"));
}

#[test]
fn directories_are_made_listed_and_removed_with_what_is_in_them() {
    let (place, dir) = place();
    assert!(dir.provide_dir(name("t")).unwrap());
    assert!(!dir.provide_dir(name("t")).unwrap());
    let tree = Arc::new(dir.open_dir(name("t")).unwrap());
    put(&tree, "b", "x", 0o444);
    put(&tree, "A", "x", 0o644);
    tree.make_dir(name("a")).unwrap_err();
    tree.make_dir(name("d")).unwrap();
    fs::create_dir_all(place.path().join("t/d/e/f")).unwrap();
    let listed = tree.list().unwrap();
    let names: Vec<_> = listed.iter().map(|(name, kind)| (&**name, *kind)).collect();
    assert_eq!(
        names,
        [
            (&b"A"[..], Kind::File),
            (b"b", Kind::File),
            (b"d", Kind::Directory)
        ]
    );
    tree.set(0o755, 1_000_000_000).unwrap();
    assert_eq!(tree.meta().unwrap().mtime, 1_000_000_000);
    drop(tree);
    assert!(dir.is_full_directory(name("t")).unwrap());
    assert!(dir.make_way(name("t"), false).is_err());
    assert!(dir.make_way(name("t"), true).unwrap());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_file_is_no_directory_and_a_directory_no_file() {
    let (place, dir) = place();
    fs::write(place.path().join("f"), "").unwrap();
    fs::create_dir(place.path().join("d")).unwrap();
    assert_eq!(dir.open_dir(name("f")).unwrap_err().kind(), NotADirectory);
    dir.open_file(name("d")).unwrap_err();
    let unlinked = dir.unlink(name("d")).unwrap();
    assert!(matches!(unlinked, Unlinked::Directory(_)));
    assert!(dir.provide_dir(name("f")).unwrap());
    assert_eq!(
        dir.meta_of(name("f")).unwrap().unwrap().kind,
        Kind::Directory
    );
}

#[test]
fn an_open_directory_is_not_renamed() {
    let (place, dir) = place();
    fs::create_dir_all(place.path().join("a/b")).unwrap();
    let held = dir
        .open_dir(name("a"))
        .unwrap()
        .open_dir(name("b"))
        .unwrap();
    let rename = |from: &str| fs::rename(place.path().join(from), place.path().join("moved"));
    assert!(rename("a/b").is_err());
    drop(held);
    rename("a/b").unwrap();
}

#[test]
fn names_of_one_file_are_known_by_its_identity() {
    let (_place, dir) = place();
    put(&dir, "first", "x", 0o644);
    put(&dir, "another", "y", 0o644);
    let first = dir.file_identity(name("first")).unwrap().unwrap();
    assert_ne!(dir.file_identity(name("another")).unwrap(), Some(first));
    dir.make_hard_link(name("another"), &dir, name("first"), first)
        .unwrap();
    let names = dir.file_names(name("another")).unwrap();
    assert_eq!(names, Some((first, 2)));
    let made = dir.make_hard_link(name("third"), &dir, name("none"), first);
    made.unwrap_err();
    assert_eq!(dir.list().unwrap().len(), 2);
}

#[test]
fn a_tree_is_removed_whatever_its_depth() {
    let (place, dir) = place();
    let mut folders = Folders::new(Arc::clone(&dir));
    let mut deepest = ROOT;
    for _ in 0..100 {
        let parent = folders.open(Pass::Listing, deepest).unwrap();
        parent.make_dir(name("d")).unwrap();
        deepest = folders.add(deepest, name("d")).unwrap();
    }
    assert!(folders.open(Pass::Listing, deepest).is_ok());
    drop(folders);
    dir.remove(name("d")).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_range_of_a_file_is_read_at_its_offset() {
    let (_place, dir) = place();
    put(&dir, "f", "content", 0o644);
    let (file, _) = dir.open_file(name("f")).unwrap();
    for (offset, expected) in [(3, &b"tent"[..]), (0, b"cont"), (7, b"")] {
        let mut buffer = [0; 4];
        let len = read_at(&file, &mut buffer, offset).unwrap();
        assert_eq!(&buffer[..len], expected);
    }
}

#[test]
fn paths_have_slashes_in_the_protocol() {
    assert_eq!(&*bytes_of(Path::new("a\\b/c")), b"a/b/c");
    assert_eq!(&*bytes_of(Path::new(r"\\?\C:\a")), br"\\?\C:\a");
    assert_eq!(path_of(b"a/b".to_vec()), Path::new("a\\b"));
}
