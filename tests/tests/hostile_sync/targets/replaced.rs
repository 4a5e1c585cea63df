//! Entries that were replaced after they were listed, and entries that cannot be sent. Points 2 and 9 of the rules.

use std::fs;
use std::os::unix::fs::symlink;

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet::{Value, value};
use execnet_test_support::{LONG, within};
use execnet_tests::script::mkfifo;

use super::{ask, bytes, contains, send, tree};
use crate::records::*;
use crate::{PYTHON, RUST, begin, gateway, group};

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
