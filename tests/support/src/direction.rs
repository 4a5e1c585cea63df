//! The two directions of a sync.

use core::time::Duration;
use std::path::Path;

use execnet::rsync::{RSync, Report, SyncError, TargetOptions};
use execnet::{Gateway, Group};

use crate::{pythons, quiet, with_worker, within};

/// Runs the test in both directions, with the oldest and the newest Python there is and with a worker in Rust. Each of
/// these has the time of `limit`.
pub fn each_direction(limit: Duration, test: fn(&Gateway, Direction)) {
    let all = pythons();
    for direction in [Direction::Push, Direction::Pull] {
        for (at, python) in all.iter().enumerate() {
            if at > 0 && at + 1 < all.len() {
                continue;
            }
            println!("{direction:?}, Python {}", python.version);
            within(&python.version, limit, move || {
                let group = Group::with_options(quiet());
                let gateway = group.make_gateway(python.spec()).unwrap();
                test(&gateway, direction);
            });
        }
        println!("{direction:?}, Rust");
        within("Rust", limit, move || {
            with_worker(|gateway| test(gateway, direction));
        });
    }
}

/// The direction of a sync.
#[derive(Debug, Clone, Copy)]
pub enum Direction {
    /// From here to the worker.
    Push,
    /// From the worker to here.
    Pull,
}

impl Direction {
    /// Syncs the source of `rsync`, which is here or at the worker, to a place at the other.
    pub fn sync(
        self,
        rsync: RSync,
        gateway: &Gateway,
        to: &Path,
        options: TargetOptions,
    ) -> Report {
        self.try_sync(rsync, gateway, to, options).unwrap()
    }

    /// The same, or the error of the target.
    ///
    /// # Errors
    ///
    /// That of the sync.
    pub fn try_sync(
        self,
        mut rsync: RSync,
        gateway: &Gateway,
        to: &Path,
        options: TargetOptions,
    ) -> Result<Report, SyncError> {
        match self {
            Self::Pull => rsync.pull(gateway, to, options),
            Self::Push => {
                rsync.add_target(gateway, to, options);
                let target = rsync.send().unwrap().remove(0);
                target.error.map_or(Ok(target.report), Err)
            }
        }
    }
}
