//! Requests: a target gets the files of the listing, by their numbers, each once. Point 3 of the rules.

use std::fs;

use execnet::{Channel, Value, value};
use execnet_test_support::{LONG, within};

use super::{ask, bytes, contains, refused, send, tree};
use crate::records::*;
use crate::victim::is_refusal;
use crate::{PYTHON, RUST, begin, gateway, group, refusal, whole};

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
