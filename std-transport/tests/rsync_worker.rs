//! Syncs with a worker in Rust, both ways, over a socket.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use std::fs;
use std::os::unix::net::UnixStream;
use std::thread;

use execnet::link::{Link, NoControl};
use execnet::rsync::{self, RSync, TargetOptions};
use execnet::{Gateway, GatewayConfig, Role, Worker};

use support::{LONG, within};

fn link(stream: UnixStream) -> Link {
    let reader = stream.try_clone().unwrap();
    Link::from_std(reader, Writer(stream), Arc::new(NoControl))
}

/// Says the end when it is dropped, as the gateway wants it.
struct Writer(UnixStream);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.shutdown(std::net::Shutdown::Write);
    }
}

fn with_worker(test: impl FnOnce(&Gateway)) {
    let (here, there) = UnixStream::pair().unwrap();
    let serving = thread::spawn(move || {
        let mut worker = Worker::new();
        rsync::register(&mut worker);
        worker.serve(link(there))
    });
    let gateway = Gateway::new(link(here), GatewayConfig::new("rust", Role::Initiator)).unwrap();
    test(&gateway);
    gateway.exit();
    assert!(gateway.join(Some(LONG)));
    serving.join().unwrap().unwrap();
}

#[test]
fn a_tree_goes_to_a_worker_in_rust_and_back() {
    within("to a worker in Rust and back", LONG, || {
        with_worker(|gateway| {
            let place = tempfile::tempdir().unwrap();
            let path = |name: &str| place.path().join(name);
            fs::create_dir_all(path("from/d")).unwrap();
            fs::write(path("from/d/large"), vec![7; 6_000_000]).unwrap();
            fs::write(path("from/small"), "small").unwrap();
            let mut rsync = RSync::new(path("from"));
            for target in ["a", "b", "c"] {
                rsync.add_target(gateway, path(target), TargetOptions::new());
            }
            for target in rsync.send().unwrap() {
                assert!(target.is_complete(), "{target:?}");
                assert_eq!(target.report.sent.len(), 2);
            }
            for target in ["a", "b", "c"] {
                let large = fs::read(path(target).join("d/large")).unwrap();
                assert!(large == vec![7; 6_000_000]);
            }
            let mut rsync = RSync::new(path("a"));
            let report = rsync.pull(gateway, path("from"), TargetOptions::new().delete(true));
            let report = report.unwrap();
            assert_eq!(
                (report.files, report.unchanged, report.failed.len()),
                (2, 2, 0)
            );
        });
    });
}

#[test]
fn a_place_that_cannot_be_opened_is_an_error_with_its_reason() {
    within("no place", LONG, || {
        with_worker(|gateway| {
            let place = tempfile::tempdir().unwrap();
            let mut rsync = RSync::new(place.path());
            rsync.add_target(gateway, "/dev/null/x", TargetOptions::new());
            let target = rsync.send().unwrap().remove(0);
            let mut error: &dyn core::error::Error = &target.error.unwrap();
            while let Some(source) = error.source() {
                error = source;
            }
            assert!(error.to_string().contains("Not a directory"), "{error}");
        });
    });
}
