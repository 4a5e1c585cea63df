//! The number of directories that a worker in Python opens for a deep tree, in proportion to its depth.

use core::time::Duration;
use std::fs;
use std::path::Path;

use execnet::rsync::{RSync, TargetOptions};
use execnet::{Gateway, Group};
use execnet_test_support::{Direction, pythons, quiet, within};

/// More than a worker holds open.
const CHAINS: u64 = 70;
const DEPTH: u64 = 20;

/// Counts from now on what is opened as a directory.
const COUNT: &str = r"
import os
opened = os.opened = [0]
plain = os.open
def counting(name, flags, *args, **kwargs):
    opened[0] += bool(flags & os.O_DIRECTORY)
    return plain(name, flags, *args, **kwargs)
os.open = counting
getattr(os, 'supports_dir_fd', set()).add(counting)
";

const TELL: &str = "
import os
channel.send(os.opened[0])
os.opened[0] = 0
";

#[test]
fn a_worker_opens_a_constant_number_of_directories_for_each_folder() {
    let python = pythons().last().unwrap();
    // A worker that is pulled from with a filter is asked for each folder.
    let directions = [
        (Direction::Push, None),
        (Direction::Pull, None),
        (Direction::Pull, Some("none")),
    ];
    for (direction, exclude) in directions {
        let what = format!("{direction:?}, excluding {exclude:?}");
        within(&what.clone(), Duration::from_secs(300), move || {
            let group = Group::with_options(quiet());
            let gateway = group.make_gateway(python.spec()).unwrap();
            let counting = gateway.remote_exec(COUNT).unwrap();
            counting.wait_close().unwrap();
            sync_chains(&what, direction, &gateway, exclude);
        });
    }
}

fn sync_chains(what: &str, direction: Direction, gateway: &Gateway, exclude: Option<&str>) {
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    chains(&from);
    let sync = |passes, expected: usize| {
        let mut rsync = RSync::new(&from);
        if let Some(pattern) = exclude {
            rsync.exclude(pattern).unwrap();
        }
        let report = direction.sync(rsync, gateway, &to, TargetOptions::new().with_delete(true));
        assert_eq!((report.failed.len(), report.sent.len()), (0, expected));
        let opened = gateway.remote_exec(TELL).unwrap().receive().unwrap();
        let opened = opened.into_value().as_i64().unwrap();
        let most = i64::try_from(passes * CHAINS * DEPTH * 2).unwrap();
        assert!(
            opened <= most,
            "{what}: {opened} directories opened, not {most}"
        );
    };
    // Listing, content, and the times of folders.
    sync(3, usize::try_from(CHAINS * DEPTH).unwrap());
    sync(2, 0);
    fs::remove_dir_all(&from).unwrap();
    fs::create_dir(&from).unwrap();
    sync(2, 0);
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
}

/// Chains of folders side by side, with a file in every folder.
fn chains(at: &Path) {
    for chain in 0..CHAINS {
        let mut folder = at.join(format!("c{chain}"));
        for _ in 0..DEPTH {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("f"), "content").unwrap();
            folder.push("d");
        }
    }
}
