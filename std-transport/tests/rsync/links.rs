//! Syncs of symbolic links.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use execnet::rsync::{Links, RSync, TargetOptions};
use execnet_test_support::each_python;

use crate::{Place, complete};

#[test]
fn links_into_the_source_lead_into_the_target_and_others_out_of_a_pull() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(from.join("f"), "").unwrap();
        symlink(from.join("f"), from.join("into")).unwrap();
        symlink("../../up", from.join("up")).unwrap();
        let mut rsync = RSync::new(&from);
        rsync.add_target(gateway, &to, TargetOptions::new());
        complete(rsync.send().unwrap());
        assert_eq!(fs::read_link(to.join("into")).unwrap(), to.join("f"));
        assert_eq!(fs::read_link(to.join("up")).unwrap(), Path::new("../../up"));
        let back = place.0.path().join("back");
        let report = rsync.pull(gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!(fs::read_link(back.join("into")).unwrap(), back.join("f"));
        assert_eq!(report.failed[0].path, Path::new("up"));
        assert!(!back.join("up").is_symlink());
    });
}

#[test]
fn on_request_files_are_sent_instead_of_links_out_of_the_tree() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(place.0.path().join("outside"), "content").unwrap();
        for (name, target) in [("file", "../outside"), ("folder", ".."), ("inside", "file")] {
            symlink(target, from.join(name)).unwrap();
        }
        let mut rsync = RSync::new(&from).with_links(Links::Copy);
        rsync.add_target(gateway, &to, TargetOptions::new());
        let report = rsync.send().unwrap().remove(0).report;
        assert_eq!(report.sent, [Path::new("file")]);
        assert_eq!(report.failed[0].path, Path::new("folder"));
        assert!(!to.join("file").is_symlink() && !to.join("folder").exists());
        assert_eq!(fs::read(to.join("file")).unwrap(), b"content");
        assert_eq!(fs::read_link(to.join("inside")).unwrap(), Path::new("file"));
    });
}
