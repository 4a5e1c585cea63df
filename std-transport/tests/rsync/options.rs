//! Options and filters of syncs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use execnet::Group;
use execnet::rsync::{RSync, TargetOptions};
use execnet_test_support::{LONG, each_python, pythons, quiet, within};

use crate::{Place, complete, portrait};

#[test]
fn modes_checksum_and_dry_run_follow_the_options() {
    each_python(|_, gateway| {
        let place = Place::new();
        let (from, to) = (place.from(), place.to());
        fs::write(from.join("f"), "abc").unwrap();
        fs::set_permissions(from.join("f"), fs::Permissions::from_mode(0o4755)).unwrap();
        let rsync = || RSync::new(&from);
        let send = |mut rsync: RSync| {
            rsync.add_target(gateway, &to, TargetOptions::new());
            complete(rsync.send().unwrap()).remove(0).report
        };
        assert_eq!(send(rsync().with_dry_run(true)).sent, [Path::new("f")]);
        assert!(!to.exists());
        send(rsync());
        let mode = || fs::metadata(to.join("f")).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(), 0o755);
        fs::set_permissions(from.join("f"), fs::Permissions::from_mode(0o4750)).unwrap();
        assert_eq!(send(rsync().with_special_modes(true)).sent.len(), 0);
        assert_eq!(mode(), 0o4750);
        // The same content with another time, and then other content with the same time.
        fs::File::open(to.join("f"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        let report = send(rsync().with_special_modes(true).with_checksum(true));
        assert_eq!((report.sent.len(), report.unchanged), (0, 1));
        let time = fs::metadata(from.join("f")).unwrap().modified().unwrap();
        fs::write(to.join("f"), "xyz").unwrap();
        fs::File::open(to.join("f"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert_eq!(send(rsync().with_checksum(true)).sent.len(), 1);
        assert_eq!(fs::read(to.join("f")).unwrap(), b"abc");
    });
}

#[test]
fn filters_and_gitignore_patterns_exclude_entries() {
    within("filter", LONG, || {
        let place = Place::new();
        let from = place.from();
        for folder in ["build", "src/build", "skip"] {
            fs::create_dir_all(from.join(folder)).unwrap();
        }
        for file in [
            "a.pyc",
            "keep.pyc",
            "src/b.pyc",
            "src/c.py",
            "build/x",
            "src/build/x",
            "skip/x",
        ] {
            fs::write(from.join(file), file).unwrap();
        }
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(pythons()[0].spec()).unwrap();
        let mut rsync =
            RSync::new(&from).with_filter(|candidate| candidate.path != Path::new("skip"));
        rsync
            .exclude("*.pyc")
            .unwrap()
            .exclude("!keep.pyc")
            .unwrap()
            .exclude("/build/")
            .unwrap();
        rsync.add_target(&gateway, place.to(), TargetOptions::new());
        complete(rsync.send().unwrap());
        let paths: Vec<_> = portrait(&place.to(), 1).into_keys().collect();
        let expected = ["keep.pyc", "src", "src/build", "src/build/x", "src/c.py"];
        assert_eq!(paths, expected.map(PathBuf::from));
        let back = place.0.path().join("back");
        rsync.pull(&gateway, &back, TargetOptions::new()).unwrap();
        assert_eq!(portrait(&back, 1).into_keys().collect::<Vec<_>>(), paths);
    });
}
