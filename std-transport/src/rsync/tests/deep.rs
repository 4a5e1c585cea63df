//! The number of directories that each side of a sync opens for a deep tree.

use std::fs;
use std::path::Path;

use alloc::sync::Arc;

use super::together::pull_counted;
use crate::rsync::beneath::OPENED;
use crate::rsync::content_cache::ContentCache;
use crate::rsync::data_message::DataMessage;
use crate::rsync::filter::Filter;
use crate::rsync::protocol::{Content, FromSource, FromTarget, Settings};
use crate::rsync::receiver::{Receiver, Rules};
use crate::rsync::sender::Sender;
use crate::rsync::walk::{Links, Walk};

/// More than are held open.
const CHAINS: u64 = 50;
const TEETH: u64 = 34;

fn deleting() -> Settings {
    Settings {
        delete: true,
        ..Settings::default()
    }
}

/// Chains of folders side by side, each of this depth, with a file in every folder.
fn chains(at: &Path, depth: u64) {
    for chain in 0..CHAINS {
        let mut folder = at.join(format!("c{chain}"));
        for _ in 0..depth {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("f"), "content").unwrap();
            folder.push("d");
        }
    }
}

/// A path whose folders each have a neighbour with many folders: on the way back nothing of the path is held.
fn comb(at: &Path, depth: u64) {
    let mut folder = at.to_path_buf();
    for _ in 0..depth {
        for tooth in 0..TEETH {
            let tooth = folder.join(format!("e/{tooth}"));
            fs::create_dir_all(&tooth).unwrap();
            fs::write(tooth.join("f"), "content").unwrap();
        }
        folder.push("d");
    }
}

/// Sends a tree within this thread, and counts the directories that both sides opened.
fn push(from: &Path, to: &Path) -> u64 {
    let before = OPENED.get();
    let mut walk = Walk::open(from, Links::Keep, ()).unwrap();
    let mut lists = Vec::new();
    walk.list_all(&mut |sections| lists.push(FromSource::List(Arc::new(sections))));
    let cache = Arc::new(ContentCache::new(Arc::clone(walk.index()), false));
    let mut sender = Sender::new(cache, deleting(), ());
    let mut receiver = Receiver::new(to, walk.root(), deleting(), Rules::default(), ()).unwrap();
    let (mut message, mut out) = (DataMessage::new(false), Vec::new());
    for list in lists {
        receiver.handle(list, &mut out).unwrap();
    }
    while !sender.is_done() {
        for message in out.drain(..) {
            sender.handle(&message, &mut Vec::new()).unwrap();
        }
        if sender.can_send() {
            sender.fill(&mut message);
            let content = Content::new(message.segments.clone(), message.body());
            receiver
                .handle(FromSource::Data(content), &mut out)
                .unwrap();
        }
    }
    receiver.handle(FromSource::Finish, &mut out).unwrap();
    assert_eq!(out, Vec::<FromTarget>::new());
    OPENED.get() - before
}

/// Each of the passes over a tree opens a folder once, beside what it takes to find the way back.
fn assert_constant(what: &str, passes: u64, opened: u64, folders: u64) {
    assert!(
        opened <= passes * folders * 2,
        "{what}: {opened} directories opened for {folders}"
    );
}

#[test]
fn a_push_opens_a_constant_number_of_directories_for_each_folder() {
    for depth in [5, 40] {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        chains(&from, depth);
        // Listing and content on both sides, and the times of folders.
        assert_constant("fresh", 5, push(&from, &to), CHAINS * depth);
        assert_constant("unchanged", 3, push(&from, &to), CHAINS * depth);
        fs::remove_dir_all(&from).unwrap();
        fs::create_dir(&from).unwrap();
        // The chains are removed, which takes two passes.
        assert_constant("removed", 2, push(&from, &to), CHAINS * depth);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    }
}

#[test]
fn a_push_finds_the_way_back_from_far_below() {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    comb(&from, 70);
    let folders = 70 * (TEETH + 2);
    assert_constant("fresh", 5, push(&from, &to), folders);
    assert_constant("unchanged", 3, push(&from, &to), folders);
}

#[test]
fn a_pull_opens_a_constant_number_of_directories_for_each_folder() {
    for exclude in [None, Some("none")] {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        chains(&from, 40);
        // With a filter the worker is asked for each folder.
        let mut filter = Filter::default();
        if let Some(pattern) = exclude {
            filter.exclude(pattern).unwrap();
        }
        for (what, passes) in [("fresh", 5), ("unchanged", 3)] {
            let before = OPENED.get();
            let (report, opened) = pull_counted(&from, &to, deleting(), &mut filter, Links::Keep);
            let opened = opened + OPENED.get() - before;
            assert_eq!((report.files, report.failed.len()), (CHAINS * 40, 0));
            assert_constant(what, passes, opened, CHAINS * 40);
        }
    }
}
