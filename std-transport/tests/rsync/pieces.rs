//! Syncs over pipes, where the sender does not read large files into memory. To and from a worker in Rust.

use alloc::sync::Arc;
use std::fs::{self, File};
use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use execnet::Gateway;
use execnet::link::{Link, NoControl, PipeOutput};
use execnet::rsync::{Event, RSync, TargetOptions, TargetReport};
use execnet_test_support::{LONG, with_worker_over, within};

use crate::Place;

/// More than the window.
const LARGE: u64 = 32 << 20;

fn link(reader: PipeReader, writer: PipeWriter) -> Link {
    let writer = PipeOutput::new(OwnedFd::from(writer));
    let content_writer = writer.content_writer();
    assert!(content_writer.is_some());
    Link::from_std(reader, writer, Arc::new(NoControl)).with_content_writer(content_writer)
}

fn with_worker(test: impl FnOnce(&Gateway)) {
    let (there, to_there) = io::pipe().unwrap();
    let (here, to_here) = io::pipe().unwrap();
    with_worker_over([link(here, to_there), link(there, to_here)], test);
}

impl Place {
    fn push(&self, gateway: &Gateway) -> TargetReport {
        self.push_with(gateway, |_| {})
    }

    fn push_with(
        &self,
        gateway: &Gateway,
        callback: impl Fn(&Event<'_>) + Send + Sync + 'static,
    ) -> TargetReport {
        let mut rsync = RSync::new(self.at("from")).with_callback(callback);
        rsync.add_target(gateway, self.at("to"), TargetOptions::new());
        rsync.send().unwrap().remove(0)
    }
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

/// Sizes around that of a page, of the first piece that stays in its file, of a message, and of several; with small files
/// between, so that pieces begin in the middle of a message.
fn sizes() -> Vec<usize> {
    let around = |size: usize| [size - 1, size, size + 1];
    let sizes = [4 << 10, 32 << 10, 256 << 10, 512 << 10].map(around);
    let between = [0, 1, 100, 230_000, 700_000, 20, 3_000_000, 5];
    sizes.into_iter().flatten().chain(between).collect()
}

fn assert_same(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        let (was, is) = (fs::read(from.join(&name)), fs::read(to.join(&name)));
        assert!(was.unwrap() == is.unwrap(), "{name:?}");
    }
}

#[test]
fn files_of_every_size_arrive_whole_both_ways() {
    within("files of every size", LONG, || {
        with_worker(|gateway| {
            let place = Place::new();
            for (number, size) in sizes().into_iter().enumerate() {
                fs::write(place.at(&format!("from/{number:02}")), content(size)).unwrap();
            }
            let target = place.push(gateway);
            assert!(target.is_complete(), "{target:?}");
            assert_eq!(target.report.sent.len(), sizes().len());
            assert_eq!(target.report.bytes, sizes().iter().sum::<usize>() as u64);
            assert_same(&place.at("from"), &place.at("to"));
            let mut rsync = RSync::new(place.at("from"));
            let report = rsync.pull(gateway, place.at("back"), TargetOptions::new());
            assert_eq!(report.unwrap().sent.len(), sizes().len());
            assert_same(&place.at("from"), &place.at("back"));
        });
    });
}

#[test]
fn several_targets_get_the_same_large_file() {
    within("several targets", LONG, || {
        with_worker(|gateway| {
            let place = Place::new();
            fs::write(place.at("from/large"), content(2_000_000)).unwrap();
            let mut rsync = RSync::new(place.at("from"));
            for target in ["a", "b", "c"] {
                rsync.add_target(gateway, place.at(target), TargetOptions::new());
            }
            for target in rsync.send().unwrap() {
                assert!(target.is_complete(), "{target:?}");
                assert_same(&place.at("from"), &target.destination);
            }
        });
    });
}

/// Syncs a file that is changed when its first bytes have arrived, and one behind it.
fn change_on_the_way(change: fn(&Path)) -> (Place, TargetReport) {
    let (place, mut report) = (Place::new(), None);
    let large = File::create(place.at("from/large")).unwrap();
    large.set_len(LARGE).unwrap();
    fs::write(place.at("from/later"), "later").unwrap();
    fs::create_dir(place.at("to")).unwrap();
    fs::write(place.at("to/large"), "old").unwrap();
    with_worker(|gateway| {
        let path = place.at("from/large");
        let target = place.push_with(gateway, move |event| {
            if let Event::Took { bytes, .. } = event
                && *bytes < LARGE
            {
                change(&path);
            }
        });
        report = Some(target);
    });
    assert_eq!(fs::read(place.at("to/later")).unwrap(), b"later");
    (place, report.unwrap())
}

#[test]
fn a_file_truncated_while_it_is_sent_fails_alone_and_the_old_one_stays() {
    within("a truncated file", LONG, || {
        let (place, target) = change_on_the_way(|path| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_len(1000).unwrap();
        });
        let report = target.report;
        assert_eq!((report.sent.len(), report.failed.len()), (1, 1));
        assert_eq!(report.failed[0].path, Path::new("large"));
        assert!(report.failed[0].reason.contains("truncated"), "{report:?}");
        assert_eq!(fs::read(place.at("to/large")).unwrap(), b"old");
        assert_eq!(fs::read_dir(place.at("to")).unwrap().count(), 2);
    });
}

#[test]
fn a_file_that_grows_while_it_is_sent_arrives_as_long_as_it_was() {
    within("a growing file", LONG, || {
        let (place, target) = change_on_the_way(|path| {
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"more").unwrap();
        });
        assert!(target.is_complete(), "{target:?}");
        assert_eq!(fs::metadata(place.at("to/large")).unwrap().len(), LARGE);
    });
}

#[test]
fn a_file_replaced_while_it_is_sent_arrives_as_it_was() {
    within("a replaced file", LONG, || {
        let (place, target) = change_on_the_way(|path| {
            let other = path.with_extension("new");
            fs::write(&other, "other").unwrap();
            fs::rename(other, path).unwrap();
        });
        assert!(target.is_complete(), "{target:?}");
        assert_eq!(fs::metadata(place.at("to/large")).unwrap().len(), LARGE);
    });
}
