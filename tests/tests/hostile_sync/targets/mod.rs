//! Hostile targets: a source sends what it listed, each file once, and no more than a window ahead.

mod replaced;
mod requests;
mod windows;

use std::fs;
use std::os::unix::fs::symlink;

use execnet::rsync::{RSync, TargetOptions, TargetReport};
use execnet::{Channel, Value};
use execnet_test_support::LONG;

use super::records::*;
use super::{HOSTILE, Place, gateway, group, refusal};

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

/// Has the whole tree listed.
fn ask(channel: &Channel) -> Channel {
    for folder in [0, 1] {
        channel.send(asks(&[folder])).unwrap();
        let listing = channel.receive_timeout(LONG).unwrap();
        assert!(listing.to_string().starts_with("(2, "), "{listing}");
    }
    channel.clone()
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
