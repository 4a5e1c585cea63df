//! The working directory and the priority of a stock controller's spec, which it sets by a program of its own.

use core::error::Error;

use execnet_core_sync::{Channel, Worker};
use execnet_serializer::{Dict, Value};

use super::surroundings;

/// The name of the function in errors. No controller calls it by this name.
const NAME: &str = "chdir, nice, env";

/// Makes the worker recognize the program that stock execnet sends for a spec with one of these keys.
pub(super) fn register(worker: &mut Worker) {
    worker.register_builtin_program(NAME, is_requested, apply);
}

fn is_requested(source: &str) -> bool {
    source.contains("path, nice, env = channel.receive()")
}

/// Does what that program does, except for the environment, which a Rust program cannot safely change while threads
/// run.
fn apply(channel: &Channel) -> Result<(), Box<dyn Error + Send + Sync>> {
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
    let mut settings = Dict::new();
    settings.insert("chdir".into(), directory.clone());
    // Zero means that the spec has no `nice=`.
    if nice.as_i64() != Some(0) {
        settings.insert("nice".into(), nice.clone());
    }
    Ok(surroundings::apply(&settings)?)
}
