//! Items and arguments as Rust types.

mod arguments;
mod items;
mod postcard;

use core::fmt::Debug;

use execnet_core_sync::{ItemError, ReceiveError};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Disk {
    path: String,
    free: u64,
}

fn root() -> Disk {
    Disk {
        path: "/".to_owned(),
        free: 1 << 40,
    }
}

fn type_error<T: Debug>(result: Result<T, ReceiveError>) -> String {
    match result {
        Err(ReceiveError::Item(ItemError::Type(error))) => error.to_string(),
        other => panic!("{other:?}"),
    }
}
