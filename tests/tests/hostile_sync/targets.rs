//! Hostile targets: a source sends what it listed, each file once.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::symlink;

use execnet::rsync::{Links, RSync, SyncError, TargetOptions, TargetReport};
use execnet::{Channel, Value, value};
use execnet_test_support::{LONG, within};
use execnet_tests::script::mkfifo;

use super::records::*;
use super::victim::is_refusal;
use super::{HOSTILE, PYTHON, Place, RUST, begin, gateway, group, refusal, whole};

/// In the root: file 0 is `a`, file 1 `d/b`.
fn tree() -> Place {
    let place = Place::new();
    fs::create_dir(place.root().join("d")).unwrap();
    fs::write(place.root().join("a"), "aaaa").unwrap();
    fs::write(place.root().join("d/b"), "bb").unwrap();
    symlink(place.outside(), place.root().join("link")).unwrap();
    place
}

/// Sends the tree to the hostile target, which plays the steps.
fn send(place: &Place, steps: Vec<Value>, prepare: impl FnOnce(RSync) -> RSync) -> TargetReport {
    let group = group();
    let mut rsync = RSync::new(place.root());
    rsync.add_target(
        &gateway(&group, HOSTILE),
        place.script(steps),
        TargetOptions::new(),
    );
    prepare(rsync).send().unwrap().remove(0)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn refused(steps: Vec<Value>) -> String {
    let report = send(&tree(), steps, |rsync| rsync);
    refusal(report.error.as_ref().unwrap())
}

/// What a target may not say, after it has heard the listing.
fn misdeeds() -> Vec<(&'static str, Vec<Value>)> {
    let path = b"\0\0\0\x09../secret".to_vec();
    vec![
        ("a file that is not listed", vec![wants(&[2])]),
        ("another one", vec![wants(&[u32::MAX])]),
        ("a file twice", vec![wants(&[0, 0])]),
        (
            "a file twice, in two messages",
            vec![wants(&[0]), wants(&[0])],
        ),
        ("a file below one asked for", vec![wants(&[1]), wants(&[0])]),
        ("a path", vec![message(10, path.clone())]),
        ("a path to list", vec![message(11, path)]),
        ("a folder that is not listed", vec![asks(&[5])]),
        ("a folder twice", vec![asks(&[1, 1])]),
        ("a message that is none", vec![message(99, vec![])]),
        ("no message at all", vec![value!("give")]),
    ]
}

// Point 3.

#[test]
fn a_sender_sends_what_it_listed_and_each_file_once() {
    for (what, steps) in misdeeds() {
        println!("{what}");
        within(what, LONG, move || {
            // A small tree is listed in one message.
            refused([vec![Value::None], steps].concat());
        });
    }
}

#[test]
fn files_that_are_filtered_out_have_no_number() {
    within("filtered", LONG, || {
        let place = tree();
        fs::write(place.root().join("z-secret"), "hidden").unwrap();
        let steps = vec![Value::None, wants(&[0, 1, 2])];
        let report = send(&place, steps, |mut rsync| {
            rsync.exclude("*secret*").unwrap();
            rsync
        });
        assert!(!contains(&place.heard(), b"hidden"));
        refusal(report.error.as_ref().unwrap());
    });
}

/// The worker's side is the source, and this its controller.
#[test]
fn a_worker_sends_what_it_listed_and_each_file_once() {
    for spec in [PYTHON, RUST] {
        within(spec, LONG, move || {
            let (group, place) = (group(), tree());
            let gateway = gateway(&group, spec);
            for (what, steps) in misdeeds() {
                println!("{spec}: {what}");
                let channel = ask(&begin(&gateway, &place.root(), None, &[]));
                steps.into_iter().for_each(|step| drop(channel.send(step)));
                let (heard, end) = rest(&channel);
                assert!(!contains(&heard, b"secret"));
                assert!(is_refusal(&end), "{what}: {end}");
            }
        });
    }
}

/// Has the whole tree listed.
fn ask(channel: &Channel) -> Channel {
    for folder in [0, 1] {
        channel.send(asks(&[folder])).unwrap();
        let listing = channel.receive_timeout(LONG).unwrap();
        assert!(listing.to_string().starts_with("(2, "), "{listing}");
    }
    channel.clone()
}

/// All content that follows, and why nothing more does.
fn rest(channel: &Channel) -> (Vec<u8>, String) {
    let mut heard = Vec::new();
    loop {
        match channel.receive_timeout(LONG) {
            Ok(item) => heard.extend(bytes(&item)),
            Err(error) => return (heard, whole(&error)),
        }
    }
}

fn bytes(item: &Value) -> Vec<u8> {
    let Value::Tuple(fields) = item else {
        return Vec::new();
    };
    fields
        .iter()
        .filter_map(Value::as_bytes)
        .flatten()
        .copied()
        .collect()
}

// Points 2 and 9: what was a file when it was listed.

#[test]
fn a_file_that_was_replaced_is_reported_and_not_read() {
    within("something else", LONG, || {
        let place = tree();
        let (a, secret) = (place.root().join("a"), place.outside().join("secret"));
        let (a, secret) = (a.to_str().unwrap(), secret.to_str().unwrap());
        let d = place.root().join("d/b");
        let pipe = place.outside().join("pipe");
        mkfifo(&pipe).unwrap();
        let swap = |path: &str, text: &str| value!(["swap", (path), (text)]);
        let steps = vec![
            Value::None,
            swap(a, secret),
            swap(d.to_str().unwrap(), pipe.to_str().unwrap()),
            wants(&[0, 1]),
            Value::None,
            ack(1, b"\0\0\0\0\x02\0\x01x\0\0\0\x01\x02\0\x01x"),
            done(),
        ];
        let report = send(&place, steps, |rsync| rsync);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(report.report.failed.len(), 2, "{report:?}");
        // The two failures, told by the source, and nothing of what the links lead to.
        assert!(!contains(&place.heard(), b"secret"));
    });
}

#[test]
fn a_worker_does_not_read_through_a_link_that_was_a_file() {
    for spec in [PYTHON, RUST] {
        within(spec, LONG, move || {
            let (group, place) = (group(), tree());
            let channel = ask(&begin(&gateway(&group, spec), &place.root(), None, &[]));
            let a = place.root().join("a");
            fs::remove_file(&a).unwrap();
            symlink(place.outside().join("secret"), &a).unwrap();
            channel.send(wants(&[0])).unwrap();
            let heard = bytes(&channel.receive_timeout(LONG).unwrap());
            assert!(!contains(&heard, b"secret"), "{spec}");
            assert_eq!(heard.get(4), Some(&(FAILED | LAST)), "{spec}");
        });
    }
}

/// A pipe, a socket, what cannot be read and a name that is no text are each a matter of their own.
#[test]
fn files_that_cannot_be_sent_are_left_out_and_the_rest_is_synced() {
    use std::os::unix::ffi::OsStrExt as _;

    within("left out", LONG, || {
        let place = tree();
        let root = place.root();
        let odd = root.join(std::ffi::OsStr::from_bytes(b"\xff"));
        fs::write(odd, "odd").unwrap();
        mkfifo(&root.join("pipe")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
        let (group, to) = (group(), place.0.path().join("script"));
        let mut rsync = RSync::new(&root).with_links(Links::Refuse);
        rsync.add_target(&gateway(&group, PYTHON), &to, TargetOptions::new());
        let report = rsync.send().unwrap().remove(0);
        assert!(report.error.is_none(), "{report:?}");
        assert_eq!(report.report.skipped.len(), 2, "{report:?}");
        assert_eq!(report.report.failed.len(), 1, "{report:?}");
        assert_eq!(report.report.sent.len(), 3, "{report:?}");
    });
}

// Point 8.

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
