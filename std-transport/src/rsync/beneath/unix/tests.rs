//! Tests of file operations in held directories: links, unfinished files, removal, deep trees.

use alloc::sync::Arc;
use std::fs;
use std::io::ErrorKind::AlreadyExists;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use rustix::fd::AsFd as _;
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

#[test]
fn a_link_is_no_directory_and_no_file() {
    let (place, dir) = place();
    fs::create_dir(place.path().join("real")).unwrap();
    fs::write(place.path().join("file"), "x").unwrap();
    symlink("real", place.path().join("to-dir")).unwrap();
    symlink("file", place.path().join("to-file")).unwrap();
    assert!(dir.open_dir(name("real")).is_ok());
    assert!(dir.open_dir(name("to-dir")).is_err());
    assert!(dir.open_file(name("to-file")).is_err());
    assert!(dir.open_followed(name("to-file")).is_ok());
    assert_eq!(
        dir.meta_of(name("to-dir")).unwrap().unwrap().kind,
        Kind::Link
    );
    assert_eq!(dir.meta_of(name("none")).unwrap(), None);
}

#[test]
fn a_pipe_is_refused_without_waiting_for_its_writer() {
    let (place, dir) = place();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path().join("pipe"))
        .status();
    assert!(made.unwrap().success());
    assert_eq!(
        dir.open_file(name("pipe")).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

#[test]
fn a_temporary_replaces_a_link_and_not_what_it_points_to() {
    let (place, dir) = place();
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(&outside, "outside").unwrap();
    symlink(outside.path(), place.path().join("f")).unwrap();
    let mut temporary = Temporary::new(dir).unwrap();
    temporary.file().write_all(b"new").unwrap();
    temporary
        .replace(name("f"), 0o640, 1_500_000_000_123_456_789, false)
        .unwrap();
    assert_eq!(fs::read(&outside).unwrap(), b"outside");
    let meta = fs::symlink_metadata(place.path().join("f")).unwrap();
    assert!(meta.is_file());
    assert_eq!(meta.permissions().mode() & 0o7777, 0o640);
    assert_eq!(
        (meta.mtime(), meta.mtime_nsec()),
        (1_500_000_000, 123_456_789)
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

/// Another process may guess the name.
#[test]
fn a_temporary_is_never_what_was_there_before() {
    let (place, dir) = place();
    let outside = tempfile::tempdir_in(place.path()).unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "outside").unwrap();
    fs::hard_link(&secret, place.path().join("hard")).unwrap();
    symlink(&secret, place.path().join("soft")).unwrap();
    symlink(outside.path().join("none"), place.path().join("dangling")).unwrap();
    for taken in ["hard", "soft", "dangling"] {
        let made = dir.create(taken);
        assert_eq!(made.unwrap_err().kind(), AlreadyExists, "{taken}");
    }
    let mut names = ["hard", "soft", "free"].into_iter();
    let (_, file) = temporary::with_free_name(|_| dir.create(names.next().unwrap())).unwrap();
    drop(file);
    let mode = fs::metadata(place.path().join("free")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_dropped_temporary_leaves_the_old_file_whole() {
    let (place, dir) = place();
    fs::write(place.path().join("f"), "old").unwrap();
    let mut temporary = Temporary::new(dir).unwrap();
    temporary.file().write_all(b"half").unwrap();
    drop(temporary);
    assert_eq!(fs::read(place.path().join("f")).unwrap(), b"old");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn removing_a_tree_removes_links_and_not_their_targets() {
    let (place, dir) = place();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept"), "x").unwrap();
    fs::create_dir_all(place.path().join("t/a/b")).unwrap();
    fs::write(place.path().join("t/a/b/f"), "x").unwrap();
    symlink(outside.path(), place.path().join("t/a/out")).unwrap();
    dir.remove(name("t")).unwrap();
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    assert!(outside.path().join("kept").exists());
    symlink(outside.path(), place.path().join("t")).unwrap();
    dir.remove(name("t")).unwrap();
    assert!(outside.path().join("kept").exists());
}

#[test]
fn more_directories_than_are_held_open_can_be_used() {
    let (_place, dir) = place();
    let mut folders = Folders::new(Arc::clone(&dir));
    let mut deepest = ROOT;
    for _ in 0..200 {
        let parent = folders.open(Pass::Listing, deepest).unwrap();
        parent.make_dir(name("d")).unwrap();
        deepest = folders.add(deepest, name("d")).unwrap();
    }
    folders.release();
    assert!(folders.open(Pass::Listing, deepest).is_ok());
    assert_eq!(folders.depth(deepest), 200);
    assert_eq!(folders.path(2, b"f"), b"d/d/f");
    assert_eq!(folders.path(2, b""), b"d/d");
    assert_eq!(folders.path(ROOT, b"f"), b"f");
    assert!(dir.remove(name("d")).is_ok());
}

#[test]
fn a_link_swapped_in_on_the_way_is_not_followed() {
    let (place, dir) = place();
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("b")).unwrap();
    fs::create_dir_all(place.path().join("a/b")).unwrap();
    let mut folders = Folders::new(dir);
    let a = folders.add(ROOT, name("a")).unwrap();
    let b = folders.add(a, name("b")).unwrap();
    assert!(folders.open(Pass::Listing, b).is_ok());
    folders.release();
    fs::rename(place.path().join("a"), place.path().join("gone")).unwrap();
    symlink(outside.path(), place.path().join("a")).unwrap();
    assert!(folders.open(Pass::Listing, b).is_err());
}

#[test]
fn a_tree_deeper_than_the_limit_is_refused() {
    let (_place, dir) = place();
    let mut folders = Folders::new(dir);
    let mut at = ROOT;
    for _ in 0..MAX_DEPTH {
        at = folders.add(at, name("d")).unwrap();
    }
    assert_eq!(folders.add(at, name("d")), None);
    assert_eq!(folders.add(9_999, name("d")), None);
}

#[test]
fn a_directory_keeps_the_special_bits_of_its_place() {
    let (place, dir) = place();
    dir.make_dir(name("d")).unwrap();
    let made = dir.open_dir(name("d")).unwrap();
    fs::set_permissions(place.path().join("d"), fs::Permissions::from_mode(0o2777)).unwrap();
    // The second mode has a bit that the directory has already.
    for mode in [0o750, 0o2750] {
        made.set(mode, 42).unwrap();
        let meta = made.meta().unwrap();
        assert_eq!((meta.mode, meta.mtime), (0o2750, 42), "{mode:o}");
    }
}

#[test]
fn no_started_process_inherits_a_file_of_a_sync() {
    let (place, dir) = place();
    fs::create_dir(place.path().join("d")).unwrap();
    fs::write(place.path().join("f"), "x").unwrap();
    let inner = dir.open_dir(name("d")).unwrap();
    let (file, _) = dir.open_file(name("f")).unwrap();
    let (followed, _) = dir.open_followed(name("f")).unwrap();
    let new = dir.create("new").unwrap();
    for fd in [
        dir.fd(),
        inner.fd(),
        file.as_fd(),
        followed.as_fd(),
        new.as_fd(),
    ] {
        let flags = rustix::io::fcntl_getfd(fd).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC), "{fd:?}");
    }
}

#[test]
fn unfinished_files_have_names_of_their_own_with_the_documented_beginning() {
    let (place, dir) = place();
    let unfinished = [(); 2].map(|()| Temporary::new(Arc::clone(&dir)).unwrap());
    let names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let begins = |name: &String| name.starts_with(".execnet-rsync.");
    assert!(names.iter().all(begins), "{names:?}");
    drop(unfinished);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_directory_that_has_every_name_already_is_an_error() {
    let made = temporary::with_free_name(|_| Err::<(), _>(AlreadyExists.into()));
    assert_eq!(made.unwrap_err().kind(), AlreadyExists);
}
