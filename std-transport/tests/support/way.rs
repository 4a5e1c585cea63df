//! The two directions of a sync.
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use std::path::Path;

use execnet::Gateway;
use execnet::rsync::{RSync, Report, TargetOptions};

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
