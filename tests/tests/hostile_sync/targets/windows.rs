//! Windows, acknowledgements, time limits, and texts of a target. Point 8 of the rules.

use core::time::Duration;
use std::fs;

use execnet::Value;
use execnet::rsync::SyncError;
use execnet_test_support::{LONG, within};

use super::{ask, bytes, refused, send, tree};
use crate::records::*;
use crate::{PYTHON, RUST, begin, gateway, group, refusal};

#[test]
fn a_target_that_acknowledges_nothing_gets_one_window() {
    within("the window", LONG, || {
        let place = tree();
        fs::write(place.root().join("a"), vec![b'a'; 40 << 20]).unwrap();
        let report = send(&place, vec![Value::None, wants(&[0])], |rsync| {
            rsync.with_idle_timeout(Some(Duration::from_secs(1)))
        });
        assert!(
            report.error.as_ref().is_some_and(SyncError::is_timeout),
            "{report:?}"
        );
        let heard = place.heard().len();
        assert!((4 << 20..=6 << 20).contains(&heard), "{heard} bytes");
    });
}

/// What it hears it takes up when the window is used up: then it ends the sync.
#[test]
fn a_worker_sends_one_window_in_pieces() {
    const WINDOW: usize = 1 << 20;
    const CHUNK: usize = 256 << 10;
    for spec in [PYTHON, RUST] {
        within(spec, LONG, move || {
            let (group, place) = (group(), tree());
            fs::write(place.root().join("a"), vec![b'a'; 8 * WINDOW]).unwrap();
            let channel = ask(&begin(&gateway(&group, spec), &place.root(), None, &[]));
            channel.send(wants(&[0])).unwrap();
            channel.send(message(99, vec![])).unwrap();
            let mut sent = 0;
            while let Ok(item) = channel.receive_timeout(LONG) {
                let piece = bytes(&item).len();
                assert!(piece <= CHUNK + 27, "{spec}: {piece} bytes at once");
                sent += piece;
            }
            let allowed = WINDOW..=WINDOW + CHUNK + 27;
            assert!(allowed.contains(&sent), "{spec}: {sent} bytes");
        });
    }
}

#[test]
fn acknowledgements_of_unsent_data_and_an_early_end_are_refused() {
    within("acknowledgements", LONG, || {
        refused(vec![Value::None, ack(1, b"")]);
        refused(vec![
            Value::None,
            wants(&[0]),
            Value::None,
            ack(1 << 40, b""),
        ]);
        refused(vec![Value::None, ack(-1, b"")]);
        refused(vec![Value::None, wants(&[0]), ack(0, b"\0\0\0\x01\0\0\0")]);
        refused(vec![Value::None, wants(&[0]), done()]);
        // A window of a file is no file yet.
        let place = tree();
        fs::write(place.root().join("a"), vec![b'a'; 5 << 20]).unwrap();
        let written = ack(0, b"\0\0\0\0\0\0\0");
        let early = vec![Value::None, wants(&[0]), Value::None, written];
        refusal(send(&place, early, |rsync| rsync).error.as_ref().unwrap());
        // A note about a folder that there is not.
        refused(vec![
            Value::None,
            message(13, b"x\0\0\0\x09\0\x01n\0\0".to_vec()),
        ]);
    });
}

#[test]
fn a_silent_target_times_out() {
    within("silence", LONG, || {
        let report = send(&tree(), vec![], |rsync| {
            rsync.with_idle_timeout(Some(Duration::from_millis(500)))
        });
        assert!(
            report.error.as_ref().is_some_and(SyncError::is_timeout),
            "{report:?}"
        );
    });
}

#[test]
fn texts_of_a_target_are_escaped_for_a_terminal() {
    within("text", LONG, || {
        let note = b"e\0\0\0\0\0\x01n\0\x05\x1b[2Jx".to_vec();
        let report = send(
            &tree(),
            vec![Value::None, message(13, note), done()],
            |rsync| rsync,
        );
        let reason = &report.report.failed[0].reason;
        assert!(
            !reason.contains('\x1b') && reason.contains("[2Jx"),
            "{reason:?}"
        );
    });
}
