//! Hostile sources: modes, deletions and amounts.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use execnet::rsync::{RSync, TargetOptions};
use execnet::value;
use execnet_test_support::{LONG, within};
use execnet_tests::script::mkfifo;

use super::records::*;
use super::victim::{each, patched};
use super::{HOSTILE, Place, gateway, group, names, words, write_at_seven};

// Point 6.

#[test]
fn special_bits_are_dropped_unless_asked_for() {
    each("special bits", |victim| {
        for (options, expected) in [(&[][..], 0o755), (&["special_modes"], 0o7755)] {
            let place = Place::new();
            // Here already, so that its mode alone is set.
            write_at_seven(&place.root().join("old"));
            let special = |kind, size, name| entry(kind, 0o7755, size, name, b"");
            let entries = [
                special(b'd', 0, b"d"),
                special(b'f', 4, b"old"),
                special(b'f', 4, b"pieces"),
                special(b'f', 0, b"whole"),
            ];
            let steps = vec![
                list(0, WHOLE, &entries),
                list(1, WHOLE, &[]),
                data(&[segment(1, FIRST, 0o7755, 4, 3)], b"123"),
                data(&[segment(1, LAST, 0, 0, 1)], b"4"),
                data(&[segment(2, FIRST | LAST, 0o7755, 0, 0)], b""),
            ];
            victim.hear(&place, options, steps).unwrap();
            for name in ["old", "pieces", "whole"] {
                assert_eq!(mode(&place, name), expected, "{name} {options:?}");
            }
            assert_eq!(mode(&place, "d"), 0o755, "{options:?}");
        }
    });
}

#[test]
fn special_bits_are_dropped_from_content_that_was_already_here() {
    each("special bits of what was here", |victim| {
        let place = Place::new();
        fs::write(place.root().join("f"), "1234").unwrap();
        let steps = vec![list(0, WHOLE, &[file(b"f", 4)]), same(0, 0o7755)];
        victim.hear(&place, &["checksum"], steps).unwrap();
        assert_eq!(mode(&place, "f"), 0o755);
    });
}

fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.root().join(name)).unwrap().mode() & 0o7777
}

// Point 7.

#[test]
fn deletions_need_the_whole_listing_of_a_folder() {
    each("deletions", |victim| {
        for (end, option, stays) in [
            (CUT_OFF, "delete", true),
            (WHOLE, "", true),
            (WHOLE, "delete", false),
        ] {
            let place = Place::new();
            fs::create_dir(place.root().join("precious")).unwrap();
            victim
                .hear(&place, &[option], vec![list(0, end, &[])])
                .unwrap();
            assert_eq!(
                place.root().join("precious").exists(),
                stays,
                "{end} {option}"
            );
            place.assert_outside_untouched();
        }
        let place = Place::new();
        fs::write(place.root().join("precious"), "").unwrap();
        let cut = vec![list(0, NOT_YET, &[]), value!(["die"])];
        victim.hear(&place, &["delete"], cut).unwrap_err();
        assert_eq!(names(&place.root()), ["precious"]);
        // A listing in parts is whole with the last of them.
        let parts = [
            list(0, NOT_YET, &[entry(b'k', 0, 0, b"before", b"")]),
            list(0, WHOLE, &[entry(b'k', 0, 0, b"precious", b"")]),
        ];
        let parts = parts.to_vec();
        victim.hear(&place, &["delete"], parts).unwrap();
        assert_eq!(names(&place.root()), ["precious"]);
    });
}

/// What is not to be there any more may be needed until all else is.
#[test]
fn deletions_come_last() {
    each("deletions last", |victim| {
        let place = Place::new();
        fs::write(place.root().join("precious"), "").unwrap();
        let listed = list(0, WHOLE, &[file(b"f", 4)]);
        let died = vec![listed, words(&["wanted"]), value!(["die"])];
        victim.hear(&place, &["delete"], died).unwrap_err();
        assert_eq!(names(&place.root()), ["precious"]);
    });
}

// Point 8.

#[test]
fn announced_amounts_are_checked() {
    each("limits", |victim| {
        victim.refuses(vec![list_raw(0, u32::MAX, WHOLE, &file(b"f", 4))]);
        victim.refuses(vec![list_raw(
            0,
            1,
            WHOLE,
            &entry(b'l', 0, 1 << 40, b"l", b"x"),
        )]);
        for size in [5_000, 1 << 40] {
            let kept = entry(b'k', 0, size, b"k", &[b'x'; 5_000]);
            victim.refuses(vec![list(0, WHOLE, &[kept])]);
        }
        victim.refuses(vec![list(1, WHOLE, &[])]);
        let one = list(0, WHOLE, &[file(b"f", 1 << 60)]);
        let huge = |len| data(&[segment(0, FIRST, 0o644, 1 << 60, len)], b"1234");
        victim.refuses(vec![one.clone(), huge(u32::MAX)]);
        victim.refuses(vec![one.clone(), huge(3)]);
        victim.refuses(vec![one.clone(), huge(4), message(3, vec![])]);
        for size in [3, 5] {
            let whole = segment(0, FIRST | LAST, 0o644, size, 4);
            victim.refuses(vec![one.clone(), data(&[whole], b"1234")]);
        }
        let deep = (0..1_100).map(|folder_number| list(folder_number, WHOLE, &[folder(b"d")]));
        assert!(victim.refuses(deep.collect()).contains("nested deeper"));
    });
}

/// Its error has the report of what was done until then.
#[test]
fn a_pull_that_is_ended_reports_what_was_done() {
    within("ended", LONG, || {
        let place = Place::new();
        let two = list(0, WHOLE, &[file(b"f", 4), file(b"g", 4)]);
        let steps = vec![two, content(0, b"once"), content(0, b"more")];
        let group = group();
        let mut rsync = RSync::new(place.script(steps));
        let options = TargetOptions::new();
        let pulled = rsync.pull(&gateway(&group, HOSTILE), place.root(), options);
        let error = pulled.unwrap_err();
        let report = error.report().unwrap();
        assert_eq!(report.sent, [Path::new("f")]);
        assert_eq!((report.files, report.bytes), (2, 4));
    });
}

#[test]
fn a_pull_refuses_entries_beyond_its_limit() {
    within("entries", LONG, || {
        let place = Place::new();
        let three = [file(b"a", 1), file(b"b", 1), file(b"c", 1)];
        let group = group();
        let script = place.script(vec![list(0, WHOLE, &three)]);
        let mut rsync = RSync::new(script).with_max_entries(2);
        let pulled = rsync.pull(
            &gateway(&group, HOSTILE),
            place.root(),
            TargetOptions::new(),
        );
        let error = pulled.unwrap_err();
        assert!(
            error.is_limit() && !error.is_protocol(),
            "{}",
            super::whole(&error)
        );
    });
}

/// The workers' limit is the same for all: ten million. In Python it is a name that can be another's here; in Rust it is
/// what `a_pull_refuses_entries_beyond_its_limit` tells.
#[test]
fn a_worker_in_python_enforces_its_limits() {
    within("limits of a worker", LONG, || {
        let three = list(0, WHOLE, &[file(b"a", 1), file(b"b", 1), file(b"c", 1)]);
        for (limit, lowered) in [
            ("MAX_ENTRIES = 10000000", "MAX_ENTRIES = 2"),
            ("MAX_LISTING = 1 << 30", "MAX_LISTING = 70"),
        ] {
            let refusal = patched(limit, lowered).refuses(vec![three.clone()]);
            assert!(refusal.contains("more entries"), "{refusal}");
        }
    });
}

/// In a pull that is its reason for what it cannot send.
#[test]
fn texts_of_a_source_are_escaped_for_a_terminal() {
    within("text of a source", LONG, || {
        let (group, place) = (group(), Place::new());
        let kept = entry(b'k', 0, 5, b"k", b"\x1b[2Jx");
        let mut rsync = RSync::new(place.script(vec![list(0, WHOLE, &[kept])]));
        let options = TargetOptions::new();
        let pulled = rsync.pull(&gateway(&group, HOSTILE), place.root(), options);
        let reason = &pulled.unwrap().failed[0].reason;
        let harmless = !reason.contains('\x1b') && reason.contains("[2Jx");
        assert!(harmless, "{reason:?}");
    });
}

// Point 9.

#[test]
fn a_named_pipe_at_a_target_path_does_not_block() {
    each("a pipe in the way", |victim| {
        let place = Place::new();
        let pipe = place.root().join("f");
        mkfifo(&pipe).unwrap();
        let closed = place.root().join("g");
        fs::write(&closed, "1234").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let steps = vec![
            list(0, WHOLE, &[file(b"f", 4), file(b"g", 4)]),
            content(0, b"file"),
            content(1, b"file"),
        ];
        victim.hear(&place, &["checksum"], steps).unwrap();
        assert_eq!(fs::read(pipe).unwrap(), b"file");
        assert_eq!(fs::read(closed).unwrap(), b"file");
    });
}
