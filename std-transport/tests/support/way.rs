//! The two directions of a sync.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test takes what it needs, and that is how it fails"
)]

use core::time::Duration;
use std::path::Path;

use execnet::rsync::{RSync, Report, TargetOptions};
use execnet::{Gateway, Group};

use crate::rust::with_worker;
use crate::support::{pythons, quiet, within};

/// Runs the test in both directions, with the oldest and the newest Python there is and with a worker in Rust. Each of
/// these has the time of `limit`.
pub(crate) fn each_way(limit: Duration, test: fn(&Gateway, Way)) {
    let all = pythons();
    for way in [Way::Push, Way::Pull] {
        for (at, python) in all.iter().enumerate() {
            if at > 0 && at + 1 < all.len() {
                continue;
            }
            println!("{way:?}, Python {}", python.version);
            within(&python.version, limit, move || {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(python.spec()).unwrap();
                test(&gateway, way);
            });
        }
        println!("{way:?}, Rust");
        within("Rust", limit, move || {
            with_worker(|gateway| test(gateway, way));
        });
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Push,
    Pull,
}

impl Way {
    /// Syncs the source of `rsync`, which is here or at the worker, to a place at the other.
    pub(crate) fn sync(
        self,
        mut rsync: RSync,
        gateway: &Gateway,
        to: &Path,
        options: TargetOptions,
    ) -> Report {
        match self {
            Self::Pull => rsync.pull(gateway, to, options).unwrap(),
            Self::Push => {
                rsync.add_target(gateway, to, options);
                let target = rsync.send().unwrap().remove(0);
                assert!(target.error.is_none(), "{target:?}");
                target.report
            }
        }
    }
}
