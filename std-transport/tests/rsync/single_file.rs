//! Syncs of one file.

use std::fs;
use std::path::Path;

use execnet::rsync::{RSync, TargetOptions};
use execnet_test_support::each_python;

use crate::{Place, complete};

#[test]
fn a_single_file_is_sent_and_pulled() {
    each_python(|_, gateway| {
        let place = Place::new();
        let file = place.from().join("f");
        fs::write(&file, "one").unwrap();
        let mut rsync = RSync::new(&file);
        for _ in 0..2 {
            rsync.add_target(gateway, place.to().join("g"), TargetOptions::new());
            complete(rsync.send().unwrap());
        }
        let back = place.0.path().join("back");
        let report = RSync::new(place.to().join("g")).pull(gateway, &back, TargetOptions::new());
        assert_eq!(report.unwrap().sent.len(), 1);
        assert_eq!(fs::read(&back).unwrap(), b"one");
    });
}

/// A push to Python failed ("not the name of a directory entry"); other directions created a file with the name of the
/// directory.
#[test]
fn a_single_file_goes_into_a_destination_that_ends_in_a_slash() {
    each_python(|_, gateway| {
        let place = Place::new();
        let file = place.from().join("f");
        fs::write(&file, "one").unwrap();
        let directory = |name: &str| place.0.path().join(name).join("");
        let mut rsync = RSync::new(&file);
        rsync.add_target(gateway, directory("pushed"), TargetOptions::new());
        complete(rsync.send().unwrap());
        let pulled = rsync.pull(gateway, directory("pulled"), TargetOptions::new());
        assert_eq!(pulled.unwrap().sent, [Path::new("f")]);
        for name in ["pushed", "pulled"] {
            assert_eq!(fs::read(directory(name).join("f")).unwrap(), b"one");
        }
    });
}
