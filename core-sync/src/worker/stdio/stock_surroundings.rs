//! The directory and the priority that a stock controller has its worker take, by a program of its own.

use alloc::boxed::Box;
use alloc::format;
use core::error::Error;

use execnet_serializer::{Dict, Value};

use super::surroundings;
use crate::api::Channel;

/// What errors call it. Nobody calls it by this name.
pub(super) const NAME: &str = "chdir, nice, env";

/// Whether a source is the program that stock execnet sends where a spec has one of these keys.
pub(super) fn are_asked_for(source: &str) -> bool {
    source.contains("path, nice, env = channel.receive()")
}

/// Does what that program does, but for the environment: in Rust nobody may change that while threads run.
pub(super) fn take(channel: &Channel) -> Result<(), Box<dyn Error + Send + Sync>> {
    let item = channel.receive()?;
    let Value::Tuple(parts) = item.as_ref() else {
        return Err("not a tuple".into());
    };
    let [directory, nice, Value::Dict(variables)] = parts.as_slice() else {
        return Err("not a directory, a number and a dict".into());
    };
    if let Some((name, _)) = variables.iter().next() {
        let name = name.as_str().unwrap_or_default().escape_debug();
        return Err(format!(
            "a worker in Rust cannot change its environment: start it with python='env {name}=... PROGRAM'"
        )
        .into());
    }
    let mut wanted = Dict::new();
    wanted.insert("chdir".into(), directory.clone());
    // Zero stands for none.
    if nice.as_i64() != Some(0) {
        wanted.insert("nice".into(), nice.clone());
    }
    Ok(surroundings::enter(&wanted)?)
}
