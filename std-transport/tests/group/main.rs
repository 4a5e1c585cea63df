//! Groups: how members are made, found and terminated together.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod making;
mod members;

use execnet::Group;

fn ids(group: &Group) -> Vec<String> {
    let ids = group.into_iter().map(|gateway| gateway.id().to_owned());
    ids.collect()
}
