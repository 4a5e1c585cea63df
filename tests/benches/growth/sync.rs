//! The sync of a tree.

use std::path::Path;

use execnet::Gateway;
use execnet::rsync::{RSync, TargetOptions};

use super::cost::Cost;
use super::figures::Outcome;
use super::gateway;

/// The whole tree is the unit.
pub(super) fn measure(spec: &str, source: &str, destination: &str) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    // The first sync brings the worker's part.
    let empty = tempfile::tempdir()?;
    sync(&gateway, empty.path(), empty.path().join("copy"))?;
    Cost::once(&group, 1, || sync(&gateway, source, destination))
}

fn sync(gateway: &Gateway, source: impl AsRef<Path>, destination: impl AsRef<Path>) -> Outcome {
    let destination = destination
        .as_ref()
        .to_str()
        .ok_or("a path that is not UTF-8")?;
    let mut rsync = RSync::new(source.as_ref());
    rsync.add_target(gateway, destination, TargetOptions::new());
    for target in rsync.send()? {
        if !target.is_complete() {
            return Err(format!("{target:?}").into());
        }
    }
    Ok(())
}
