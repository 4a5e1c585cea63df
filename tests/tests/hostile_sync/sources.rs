//! Hostile sources: a target changes nothing outside its root.

use std::fs;
use std::os::unix::fs::symlink;

use execnet::rsync::{RSync, TargetOptions};
use execnet::value;
use execnet_test_support::{LONG, eventually, within};

use super::records::*;
use super::victim::each;
use super::{HOSTILE, Place, gateway, group, names};

// Point 1.

#[test]
fn malformed_names_are_refused() {
    each("names", |victim| {
        let long = [b'x'; 256];
        let bad = [
            &b".."[..],
            b".",
            b"",
            b"../x",
            b"/tmp/x",
            b"a/b",
            b"a\0b",
            &long,
        ];
        for name in bad {
            for kind in [b'f', b'd', b'l', b'k'] {
                victim.refuses(vec![list(0, WHOLE, &[entry(kind, 0o755, 0, name, b"")])]);
            }
        }
        let twice = [folder(b"b"), file(b"b", 4)];
        victim.refuses(vec![list(0, WHOLE, &twice)]);
        victim.refuses(vec![list(0, WHOLE, &[file(b"b", 4), file(b"a", 4)])]);
        let parts = twice.map(|entry| list(0, NOT_YET, &[entry]));
        victim.refuses(parts.to_vec());
        victim.refuses(vec![list(
            0,
            WHOLE,
            &[entry(b'c', 0o755, 0, b"device", b"")],
        )]);
    });
}

// Point 2.

#[test]
fn links_inside_the_tree_lead_no_write_and_no_deletion_outside() {
    each("links on the way", |victim| {
        let place = Place::new();
        fs::create_dir(place.outside().join("old")).unwrap();
        fs::create_dir_all(place.root().join("gone-too/deep")).unwrap();
        for (name, target) in [
            ("d", ""),
            ("f", "secret"),
            ("gone", ""),
            ("gone-too/deep/d", ""),
            ("gone-too/f", "secret"),
            ("kept", ""),
        ] {
            symlink(place.outside().join(target), place.root().join(name)).unwrap();
        }
        let entries = [folder(b"d"), file(b"f", 4), entry(b'k', 0, 0, b"kept", b"")];
        let heard = victim.hear(
            &place,
            &["delete", "checksum"],
            vec![
                list(0, WHOLE, &entries),
                list(1, WHOLE, &[file(b"secret", 4)]),
                data(
                    &[
                        segment(0, FIRST | LAST, 0o600, 4, 4),
                        segment(1, FIRST | LAST, 0o600, 4, 4),
                    ],
                    b"evilevil",
                ),
            ],
        );
        heard.unwrap();
        fs::remove_dir(place.outside().join("old")).unwrap();
        place.assert_outside_untouched();
        assert_eq!(names(&place.root()), ["d", "f", "kept"]);
        for name in ["f", "d/secret"] {
            let path = place.root().join(name);
            assert!(fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(fs::read(path).unwrap(), b"evil");
        }
    });
}

// Point 4.

#[test]
fn a_hard_linked_file_is_replaced_and_not_written_to() {
    each("hard links", |victim| {
        let place = Place::new();
        for name in ["f", "g"] {
            fs::hard_link(place.outside().join("secret"), place.root().join(name)).unwrap();
        }
        let steps = vec![
            list(0, WHOLE, &[file(b"f", 4), file(b"g", 4)]),
            content(0, b"evil"),
            data(&[segment(1, FIRST, 0o644, 4, 2)], b"ev"),
            data(&[segment(1, LAST, 0, 0, 2)], b"il"),
        ];
        victim.hear(&place, &[], steps).unwrap();
        place.assert_outside_untouched();
        for name in ["f", "g"] {
            assert_eq!(fs::read(place.root().join(name)).unwrap(), b"evil");
        }
    });
}

#[test]
fn a_transfer_that_breaks_leaves_the_old_file_and_no_temporary_file() {
    each("broken transfers", |victim| {
        let begun = data(&[segment(0, FIRST, 0o644, 10, 4)], b"evil");
        let failed = data(&[segment(0, FAILED | LAST, 0, 0, 3)], b"why");
        let early = data(&[segment(0, LAST, 0, 0, 1)], b"!");
        // More than was announced is refused before its end.
        let much = data(&[segment(0, 0, 0, 0, 7)], b"1234567");
        for (end, refused) in [
            (failed, false),
            (early, true),
            (much, true),
            (value!(["die"]), true),
        ] {
            let place = Place::new();
            fs::write(place.root().join("f"), "old").unwrap();
            let steps = vec![list(0, WHOLE, &[file(b"f", 10)]), begun.clone(), end];
            assert_eq!(victim.hear(&place, &[], steps).is_err(), refused);
            eventually("only the old file is there", LONG, || {
                names(&place.root()) == ["f"]
            });
            assert_eq!(fs::read(place.root().join("f")).unwrap(), b"old");
        }
    });
}

#[test]
fn content_that_was_not_requested_is_refused() {
    each("content", |victim| {
        let two = list(0, WHOLE, &[file(b"a", 4), file(b"b", 4)]);
        victim.refuses(vec![content(0, b"evil")]);
        victim.refuses(vec![two.clone(), content(1, b"evil")]);
        victim.refuses(vec![two.clone(), content(u32::MAX, b"evil")]);
        victim.refuses(vec![two.clone(), content(0, b"once"), content(0, b"more")]);
        victim.refuses(vec![
            two.clone(),
            data(&[segment(0, LAST, 0, 0, 4)], b"evil"),
        ]);
        let nested = [
            segment(0, FIRST, 0o644, 8, 4),
            segment(1, FIRST | LAST, 0o644, 4, 4),
        ];
        victim.refuses(vec![two.clone(), data(&nested, b"evilevil")]);
        let mixed = [segment(0, FIRST, 0o644, 8, 4), segment(1, LAST, 0, 0, 4)];
        victim.refuses(vec![two, data(&mixed, b"evilevil")]);
    });
}

// Point 5.

#[test]
fn links_are_made_after_the_files_and_keep_their_text() {
    each("links last", |victim| {
        let place = Place::new();
        let listed = list(0, WHOLE, &[file(b"f", 4), link(b'l', b"l", b"f")]);
        let died = vec![listed.clone(), value!(["die"])];
        victim.hear(&place, &[], died).unwrap_err();
        assert_eq!(names(&place.root()), [""; 0]);
        victim
            .hear(&place, &["keep links"], vec![listed, content(0, b"text")])
            .unwrap();
        assert_eq!(
            fs::read_link(place.root().join("l")).unwrap().to_str(),
            Some("f")
        );
        victim.refuses(vec![list(0, WHOLE, &[link(b'i', b"l", b"../outside")])]);
        victim.refuses(vec![list(0, WHOLE, &[link(b'l', b"l", &[b'x'; 5000])])]);
    });
}

/// In a push the controller says what links there are; in a pull the worker does not.
#[test]
fn links_out_of_the_tree_are_refused_in_a_pull() {
    within("links out of a pull", LONG, || {
        for text in ["/etc/passwd", "../outside", "d/../../outside", "d/../f"] {
            let place = Place::new();
            let steps = vec![list(0, WHOLE, &[link(b'l', b"l", text.as_bytes())])];
            let group = group();
            let mut rsync = RSync::new(place.script(steps));
            let pulled = rsync.pull(
                &gateway(&group, HOSTILE),
                place.root(),
                TargetOptions::new(),
            );
            let report = pulled.unwrap();
            assert_eq!(report.failed.len(), 1, "{report:?}");
            assert_eq!(names(&place.root()), [""; 0]);
        }
    });
}

#[test]
fn a_hard_link_must_name_a_file_that_arrived_in_this_sync() {
    each("other names", |victim| {
        let options = ["hard_links"];
        victim.refuses(vec![list(0, WHOLE, &[hard_link(b"a", 0)])]);
        for first in [1, u32::MAX] {
            victim.refuses_with(&options, vec![list(0, WHOLE, &[hard_link(b"a", first)])]);
        }
        let plain = [file(b"a", 4), hard_link(b"b", 0)];
        victim.refuses_with(&options, vec![list(0, WHOLE, &plain)]);
        // It did not come, and what has its name stays alone.
        let place = Place::new();
        let secret = place.outside().join("secret");
        fs::hard_link(&secret, place.root().join("a")).unwrap();
        let entries = [hard_link(b"a", 0), hard_link(b"b", 0)];
        let failed = data(&[segment(0, FAILED | LAST, 0, 0, 2)], b"no");
        let steps = vec![list(0, WHOLE, &entries), failed];
        victim.hear(&place, &options, steps).unwrap();
        assert_eq!(names(&place.root()), ["a"]);
        place.assert_outside_untouched();
        // It came, and the others are names of what came.
        let steps = vec![list(0, WHOLE, &entries), content(0, b"evil")];
        victim.hear(&place, &options, steps).unwrap();
        assert_eq!(fs::read(place.root().join("b")).unwrap(), b"evil");
        place.assert_outside_untouched();
    });
}

#[test]
fn a_hole_is_no_larger_than_what_was_announced_and_listed() {
    each("holes", |victim| {
        let steps = |size: u64, hole: u64, flags: u8| {
            let listed = list(0, WHOLE, &[file(b"a", 4)]);
            let segments = [
                segment(0, FIRST, 0o644, size, 0),
                segment(0, HOLE | flags, 0, hole, 0),
            ];
            vec![listed, data(&segments, b"")]
        };
        victim.refuses(steps(4, 4, LAST));
        let options = ["sparse"];
        for (size, hole, flags) in [
            (4, 5, LAST),
            (4, 3, LAST),
            (u64::MAX, u64::MAX, LAST),
            (9, 5, 0),
        ] {
            victim.refuses_with(&options, steps(size, hole, flags));
        }
        let place = Place::new();
        victim.hear(&place, &options, steps(4, 4, LAST)).unwrap();
        assert_eq!(fs::read(place.root().join("a")).unwrap(), [0; 4]);
        // No file system holds it: it fails alone.
        let place = Place::new();
        let mut huge = steps(u64::MAX, u64::MAX, LAST);
        huge[0] = list(0, WHOLE, &[file(b"a", u64::MAX)]);
        victim.hear(&place, &options, huge).unwrap();
        assert!(names(&place.root()).is_empty());
    });
}
