//! A local process replaces a file or directory between two messages of a sync: the replacement is not followed, does
//! not block the sync, and nothing behind it is read, written, changed or deleted.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, symlink};
use std::path::Path;

use execnet::{Channel, Value};
use execnet_test_support::{LONG, within};
use execnet_tests::script::{pipe, swap};

use super::records::*;
use super::victim::{each, patched};
use super::{PYTHON, Place, RUST, begin, gateway, group, names, words, write_at_seven};

/// More than either worker holds open at once.
const FOLDERS: u32 = 70;

fn wanted() -> Value {
    words(&["wanted"])
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

// Point 9, and the one way to open a pipe without waiting for who writes into it.

#[test]
fn a_file_replaced_by_a_named_pipe_does_not_block() {
    each("a pipe swapped in", |victim| {
        let place = Place::new();
        let file_here = place.root().join("f");
        fs::write(&file_here, "1234").unwrap();
        let steps = vec![
            list(0, WHOLE, &[file(b"f", 4)]),
            wanted(),
            words(&["pipe", text(&file_here)]),
            same(0, 0o777),
        ];
        victim.hear(&place, &["checksum"], steps).unwrap();
        let found = fs::symlink_metadata(file_here).unwrap();
        assert!(found.file_type().is_fifo());
        assert_ne!(found.mode() & 0o777, 0o777, "nor is its mode set");
    });
}

// Point 2.

#[test]
fn a_file_replaced_by_a_link_has_nothing_set_through_it() {
    each("a link swapped in", |victim| {
        let place = Place::new();
        let file_here = place.root().join("f");
        fs::write(&file_here, "secret").unwrap();
        let secret = place.outside().join("secret");
        let steps = vec![
            list(0, WHOLE, &[file(b"f", 6)]),
            wanted(),
            words(&["swap", text(&file_here), text(&secret)]),
            same(0, 0o666),
        ];
        victim.hear(&place, &["checksum"], steps).unwrap();
        place.assert_outside_untouched();
    });
}

/// What it leads to has the size, mode and time of what is listed.
#[test]
fn a_link_to_an_equal_file_does_not_count_as_the_file() {
    each("a link to a file", |victim| {
        let place = Place::new();
        let real = place.root().join("real");
        write_at_seven(&real);
        symlink("real", place.root().join("f")).unwrap();
        let entries = [file(b"f", 4), file(b"real", 4)];
        let steps = vec![list(0, WHOLE, &entries), content(0, b"file")];
        victim.hear(&place, &[], steps).unwrap();
        assert!(!place.root().join("f").is_symlink());
        assert_eq!(fs::read(real).unwrap(), b"1234");
    });
}

/// The next temporary name of a worker in Python, which only this test can know. The crate `execnet` has the same test
/// for Rust.
#[test]
fn an_existing_file_with_the_name_of_a_temporary_file_is_not_written_to() {
    within("temporary names", LONG, || {
        let place = Place::new();
        let known = place.root().join(".execnet-rsync.6162636465661");
        fs::hard_link(place.outside().join("secret"), known).unwrap();
        let steps = vec![list(0, WHOLE, &[file(b"f", 4)]), content(0, b"evil")];
        let victim = patched("os.urandom(6)", "b'abcdef'");
        victim.hear(&place, &[], steps).unwrap();
        place.assert_outside_untouched();
        assert!(!place.root().join("f").exists());
    });
}

/// The folder was here and is to be emptied, as its whole listing is nothing.
#[test]
fn a_folder_replaced_by_a_link_has_nothing_deleted_behind_it() {
    each("deleting behind a link", |victim| {
        let place = Place::new();
        let folder_here = place.root().join("d");
        fs::create_dir(&folder_here).unwrap();
        let steps = vec![
            list(0, WHOLE, &[folder(b"d"), file(b"f", 4)]),
            wanted(),
            words(&["swap", text(&folder_here), text(&place.outside())]),
            list(1, WHOLE, &[]),
            content(0, b"file"),
        ];
        victim.hear(&place, &["delete"], steps).unwrap();
        place.assert_outside_untouched();
        assert_eq!(names(&place.root()), ["d", "f"]);
    });
}

/// So many folders that the first has to be opened anew for its file.
#[test]
fn a_folder_replaced_by_a_link_has_nothing_written_behind_it() {
    each("writing behind a link", |victim| {
        let place = Place::new();
        let name = |number: u32| format!("d{number:02}").into_bytes();
        let folders: Vec<_> = (0..FOLDERS).map(|number| folder(&name(number))).collect();
        let mut sections = vec![list(0, WHOLE, &folders)];
        sections.extend((1..=FOLDERS).map(|number| list(number, WHOLE, &[file(b"secret", 4)])));
        let first = place.root().join("d00");
        let all: Vec<_> = (0..FOLDERS)
            .map(|number| segment(number, FIRST | LAST, 0o600, 4, 4))
            .collect();
        let steps = vec![
            lists(&sections),
            wanted(),
            words(&["swap", text(&first), text(&place.outside())]),
            data(&all, &b"evil".repeat(all.len())),
        ];
        victim.hear(&place, &[], steps).unwrap();
        place.assert_outside_untouched();
        let second = place.root().join("d01/secret");
        assert_eq!(fs::read(second).unwrap(), b"evil", "the others go on");
    });
}

// The same at a source, which reads.

/// A worker that was asked for the root of a tree, in which `d` is an empty folder and `a` and `b` are files.
fn source(spec: &str, test: impl FnOnce(&Place, &Channel)) {
    let (group, place) = (group(), Place::new());
    fs::create_dir(place.root().join("d")).unwrap();
    for name in ["a", "b"] {
        fs::write(place.root().join(name), name).unwrap();
    }
    let channel = begin(&gateway(&group, spec), &place.root(), None, &[]);
    channel.send(asks(&[0])).unwrap();
    assert_eq!(packed(&channel).first(), Some(&0), "the root's listing");
    test(&place, &channel);
}

/// The records of the next message.
fn packed(channel: &Channel) -> Vec<u8> {
    let item = channel.receive_timeout(LONG).unwrap().into_value();
    let Value::Tuple(fields) = &item else {
        panic!("{item}")
    };
    let records = fields.iter().filter_map(Value::as_bytes);
    records.flatten().copied().collect()
}

#[test]
fn a_folder_replaced_by_a_link_is_not_listed_through() {
    for spec in [PYTHON, RUST] {
        within(spec, LONG, move || {
            source(spec, |place, channel| {
                swap(&place.root().join("d"), &place.outside()).unwrap();
                channel.send(asks(&[1])).unwrap();
                let listed = packed(channel);
                assert_eq!(listed, [0, 0, 0, 1, 0, 0, 0, 0, CUT_OFF], "{spec}");
            });
        });
    }
}

#[test]
fn a_replaced_file_is_not_read_and_does_not_block() {
    for spec in [PYTHON, RUST] {
        within(spec, LONG, move || {
            source(spec, |place, channel| {
                swap(&place.root().join("a"), &place.outside().join("secret")).unwrap();
                pipe(&place.root().join("b")).unwrap();
                channel.send(wants(&[0, 1])).unwrap();
                let sent = packed(channel);
                for file in [0, 1] {
                    let flags = sent.get(27 * file + 4);
                    assert_eq!(flags, Some(&(FAILED | LAST)), "{spec}: {file}");
                }
                assert!(!sent.windows(6).any(|window| window == b"secret"));
            });
        });
    }
}
