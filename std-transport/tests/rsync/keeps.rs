//! Holes, hard links and durability, which are kept on request. In both directions, with workers in Python and in Rust.

use core::time::Duration;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use execnet::rsync::{RSync, Report, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{Direction, each_direction, pythons, quiet, within};

use crate::Place;

const LIMIT: Duration = Duration::from_secs(120);

impl Place {
    fn sync(
        &self,
        direction: Direction,
        gateway: &Gateway,
        set: impl FnOnce(RSync) -> RSync,
    ) -> Report {
        let rsync = set(RSync::new(self.from()));
        direction.sync(rsync, gateway, &self.to(), TargetOptions::new())
    }
}

const MIB: u64 = 1 << 20;

/// A file of 8 MiB with some bytes at each of these places, and holes between them.
fn write_with_holes(path: &Path, places: &[u64]) {
    let mut file = fs::File::create(path).unwrap();
    for &place in places {
        file.seek(SeekFrom::Start(place)).unwrap();
        file.write_all(&[b'x'; 50_000]).unwrap();
    }
    file.set_len(8 * MIB).unwrap();
}

fn bytes_on_disk(path: &Path) -> u64 {
    fs::metadata(path).unwrap().blocks() * 512
}

/// Python 2 has no call that tells of them.
fn tells_of_holes(gateway: &Gateway) -> bool {
    let asked = gateway.remote_exec("import os; channel.send(hasattr(os, 'SEEK_DATA'))");
    let answer = asked.unwrap().receive();
    // A worker in Rust runs no Python.
    answer.map_or(true, |answer| answer.as_bool().unwrap())
}

#[test]
fn holes_take_no_room_where_they_are_kept() {
    each_direction(LIMIT, |gateway, direction| {
        for keep in [false, true] {
            let place = Place::new();
            let files: [(&str, &[u64]); 5] = [
                ("begin", &[4 * MIB]),
                ("end", &[0]),
                ("middle", &[0, 3 * MIB + 1, 7 * MIB]),
                ("last", &[8 * MIB - 50_000]),
                ("nothing", &[]),
            ];
            for (name, places) in files {
                write_with_holes(&place.from().join(name), places);
            }
            let report = place.sync(direction, gateway, |rsync| rsync.with_sparse(keep));
            assert_eq!((report.sent.len(), report.failed.len()), (5, 0));
            let kept = keep && (matches!(direction, Direction::Push) || tells_of_holes(gateway));
            for (name, _) in files {
                assert!(
                    fs::read(place.from().join(name)).unwrap()
                        == fs::read(place.to().join(name)).unwrap()
                );
                let on_disk = bytes_on_disk(&place.to().join(name));
                assert_eq!(on_disk < MIB, kept, "{name}: {on_disk} bytes on disk");
            }
            assert_eq!(
                report.bytes < 5 * MIB,
                kept && matches!(direction, Direction::Push),
                "{report:?}"
            );
            let again = place.sync(direction, gateway, |rsync| rsync.with_sparse(keep));
            assert_eq!(again.unchanged, 5);
        }
    });
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

/// `a`, `d/b` and `d/c` are one file, `e` and `d/f` another; `g` has a name that is not in the tree.
fn link_files(place: &Place) {
    fs::create_dir(place.from().join("d")).unwrap();
    for (file, name) in [
        ("a", "d/b"),
        ("a", "d/c"),
        ("e", "d/f"),
        ("g", "../outside"),
    ] {
        if !place.from().join(file).exists() {
            fs::write(place.from().join(file), file).unwrap();
        }
        fs::hard_link(place.from().join(file), place.from().join(name)).unwrap();
    }
}

#[test]
fn names_of_one_file_are_kept_together_on_request() {
    each_direction(LIMIT, |gateway, direction| {
        let place = Place::new();
        link_files(&place);
        let sync = |keep: bool| place.sync(direction, gateway, |rsync| rsync.with_hard_links(keep));
        let report = sync(false);
        assert_eq!((report.sent.len(), report.linked.len()), (6, 0));
        assert_ne!(inode(&place.to().join("a")), inode(&place.to().join("d/b")));
        let report = sync(true);
        let counts = |report: &Report| {
            let (sent, linked) = (report.sent.len(), report.linked.len());
            (
                report.files,
                sent,
                linked,
                report.unchanged,
                report.failed.len(),
            )
        };
        assert_eq!(counts(&report), (6, 0, 3, 3, 0), "{report:?}");
        let same = |place: &Place| {
            assert_eq!(inode(&place.to().join("a")), inode(&place.to().join("d/b")));
            assert_eq!(inode(&place.to().join("a")), inode(&place.to().join("d/c")));
            assert_eq!(inode(&place.to().join("e")), inode(&place.to().join("d/f")));
            assert_eq!(fs::metadata(place.to().join("g")).unwrap().nlink(), 1);
        };
        same(&place);
        assert_eq!(counts(&sync(true)), (6, 0, 0, 6, 0));
        fs::write(place.from().join("d/b"), "changed").unwrap();
        let report = sync(true);
        assert_eq!(counts(&report), (6, 1, 2, 3, 0), "{report:?}");
        same(&place);
        for name in ["a", "d/b", "d/c"] {
            assert_eq!(fs::read(place.to().join(name)).unwrap(), b"changed");
        }
    });
}

#[test]
fn a_dry_run_tells_which_names_would_be_given() {
    each_direction(LIMIT, |gateway, direction| {
        let place = Place::new();
        link_files(&place);
        let run = |dry: bool| {
            place.sync(direction, gateway, |rsync| {
                rsync.with_hard_links(true).with_dry_run(dry)
            })
        };
        let foretold = run(true);
        assert!(!place.to().exists());
        let done = run(false);
        assert_eq!((foretold.sent, &foretold.linked), (done.sent, &done.linked));
        assert_eq!(done.linked.len(), 3);
        assert_eq!(run(true).unchanged, 6);
    });
}

/// The first name of the file is left out, and the second brings it.
#[test]
fn names_that_are_filtered_out_take_none_of_the_others_with_them() {
    each_direction(LIMIT, |gateway, direction| {
        let place = Place::new();
        link_files(&place);
        let report = place.sync(direction, gateway, |mut rsync| {
            rsync.exclude("/a").unwrap();
            rsync.with_hard_links(true)
        });
        assert_eq!(
            (report.sent.len(), report.linked.len()),
            (3, 2),
            "{report:?}"
        );
        assert!(!place.to().join("a").exists());
        assert_eq!(
            inode(&place.to().join("d/b")),
            inode(&place.to().join("d/c"))
        );
    });
}

#[test]
fn names_in_the_way_of_another_name_make_way() {
    each_direction(LIMIT, |gateway, direction| {
        let place = Place::new();
        link_files(&place);
        fs::create_dir_all(place.to().join("d/b/deep")).unwrap();
        std::os::unix::fs::symlink("nowhere", place.to().join("d/c")).unwrap();
        let rsync = RSync::new(place.from()).with_hard_links(true);
        let options = TargetOptions::new().with_delete(true);
        let report = direction.sync(rsync, gateway, &place.to(), options);
        assert_eq!(
            (report.linked.len(), report.failed.len()),
            (3, 0),
            "{report:?}"
        );
        assert_eq!(report.deleted, [Path::new("d/b")]);
        assert_eq!(inode(&place.to().join("a")), inode(&place.to().join("d/b")));
        assert_eq!(inode(&place.to().join("a")), inode(&place.to().join("d/c")));
    });
}

/// Counts what the worker has written to the disk.
const COUNT: &str = r"
import os
synced = os.synced = [0, 0]
plain = os.fsync
def counting(fd):
    import stat
    synced[stat.S_ISDIR(os.fstat(fd).st_mode)] += 1
    return plain(fd)
os.fsync = counting
";

#[test]
fn a_worker_has_files_and_directories_on_the_disk_where_that_is_asked_for() {
    for python in pythons() {
        for fsync in [false, true] {
            within(&python.version, LIMIT, move || {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(python.spec()).unwrap();
                let counting = gateway.remote_exec(COUNT).unwrap();
                counting.wait_close().unwrap();
                let place = Place::new();
                fs::create_dir(place.from().join("d")).unwrap();
                for name in ["a", "d/b"] {
                    fs::write(place.from().join(name), "content").unwrap();
                }
                // One that comes in pieces.
                fs::write(place.from().join("large"), vec![1; 1 << 20]).unwrap();
                place.sync(Direction::Push, &gateway, |rsync| rsync.with_fsync(fsync));
                let asked = gateway.remote_exec("import os; channel.send(tuple(os.synced))");
                let synced = asked.unwrap().receive().unwrap().to_string();
                // The root's name, the folders, and the root once more.
                let expected = if fsync { "(3, 4)" } else { "(0, 0)" };
                assert_eq!(synced, expected);
            });
        }
    }
}

/// What is listed bounds the holes that a target takes, as limits judge by it.
#[test]
fn a_file_that_grows_by_a_hole_after_it_was_listed_arrives_whole() {
    each_direction(LIMIT, |gateway, direction| {
        let place = Place::new();
        fs::write(place.from().join("a"), [b'x'; 40_000]).unwrap();
        fs::write(place.from().join("b"), "b").unwrap();
        let grows = place.from().join("a");
        let report = place.sync(direction, gateway, |rsync| {
            rsync.with_sparse(true).with_filter(move |candidate| {
                // By now the other one is listed, and its content not yet asked for.
                if candidate.path == Path::new("b") {
                    let file = fs::File::options().write(true).open(&grows);
                    file.unwrap().set_len(8 * MIB).unwrap();
                }
                true
            })
        });
        assert_eq!((report.sent.len(), report.failed.len()), (2, 0));
        for name in ["a", "b"] {
            assert!(
                fs::read(place.from().join(name)).unwrap()
                    == fs::read(place.to().join(name)).unwrap()
            );
        }
    });
}
