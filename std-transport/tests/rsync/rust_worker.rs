//! Syncs in both directions with a worker in Rust, over a socket.

use alloc::sync::Arc;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::thread;

use execnet::Worker;
use execnet::link::{Link, NoControl};
use execnet::rsync::{self, RSync, TargetOptions};
use execnet_test_support::{LONG, RELEASES, with_worker, within};

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
            let report = rsync.pull(
                gateway,
                path("from"),
                TargetOptions::new().with_delete(true),
            );
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

const STOCK: &str = "
import sys, execnet
gateway = execnet.makegateway('socket=127.0.0.1:' + sys.argv[1])
for turn in range(2):
    sync = execnet.RSync(sys.argv[2], verbose=False)
    sync.add_target(gateway, sys.argv[3], delete=True)
    sync.send()
gateway.exit()
";

/// What a stock socket server does with a connection, for a worker in Rust: the line of source that comes first is
/// read and not run.
fn serve_stock_client(listener: &TcpListener) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut byte = [0];
    while byte != *b"\n" {
        stream.read_exact(&mut byte).unwrap();
    }
    stream.write_all(b"1").unwrap();
    let reader = stream.try_clone().unwrap();
    let mut worker = Worker::new();
    rsync::register(&mut worker);
    // How a stock controller leaves is its own matter.
    let _ = worker.serve(Link::from_std(reader, stream, Arc::new(NoControl)));
}

#[cfg_attr(
    not(feature = "stock-rsync"),
    ignore = "needs the feature `stock-rsync`"
)]
#[test]
fn stock_execnet_syncs_into_a_worker_in_rust() {
    let Some(python) = RELEASES[0].python() else {
        return;
    };
    within("stock execnet", LONG, move || {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        fs::create_dir_all(path("from/d/empty")).unwrap();
        fs::write(path("from/d/f"), vec![b'x'; 300_000]).unwrap();
        fs::write(path("from/g"), "").unwrap();
        symlink("d/f", path("from/relative")).unwrap();
        symlink(path("from/d"), path("from/into")).unwrap();
        symlink("/etc/passwd", path("from/absolute")).unwrap();
        fs::create_dir_all(path("to/old/deep")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let serving = thread::spawn(move || serve_stock_client(&listener));
        let mut command = Command::new(python);
        command
            .args(["-c", STOCK, &port])
            .arg(path("from"))
            .arg(path("to"));
        let output = command.current_dir("/").output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serving.join().unwrap();
        assert!(fs::read(path("to/d/f")).unwrap() == vec![b'x'; 300_000]);
        assert!(path("to/g").is_file() && path("to/d/empty").is_dir());
        assert!(!path("to/old").exists());
        let link = |name: &str| fs::read_link(path("to").join(name)).unwrap();
        assert_eq!(link("relative"), Path::new("d/f"));
        assert_eq!(link("into"), path("to/d"));
        assert_eq!(link("absolute"), Path::new("/etc/passwd"));
        let time = |name: &str| fs::metadata(path(name)).unwrap().mtime();
        assert_eq!(time("from/d/f"), time("to/d/f"));
    });
}
