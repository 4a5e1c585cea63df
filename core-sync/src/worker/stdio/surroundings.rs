//! What a controller wants of the process itself, where it could not be arranged before its start.

use alloc::format;
use alloc::string::{String, ToString as _};
use std::env;
use std::fs;
use std::io;
use std::path::Path;

use execnet_serializer::{Dict, Value};

/// Does what the settings ask for, or says what cannot be done.
pub(super) fn enter(given: &Dict) -> Result<(), String> {
    if given.get_str("env").is_some() {
        // Setting one is not safe where threads may read them.
        return Err("a worker in Rust cannot set variables once it runs".to_string());
    }
    if let Some(directory) = given.get_str("chdir").and_then(Value::as_str) {
        go_to(Path::new(directory)).map_err(|error| format!("{directory}: {error}"))?;
    }
    if let Some(change) = given.get_str("nice").and_then(Value::as_i64) {
        nice(change).map_err(|error| format!("nice: {error}"))?;
    }
    if given.get_str("stdout").is_some() {
        join_streams().map_err(|error| format!("standard output: {error}"))?;
    }
    Ok(())
}

/// As execnet does: one level is made, if there is nothing.
fn go_to(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => env::set_current_dir(directory),
    }
}

#[cfg(unix)]
fn nice(change: i64) -> io::Result<()> {
    let change = i32::try_from(change).unwrap_or(i32::MAX);
    rustix::process::nice(change)?;
    Ok(())
}

/// What functions print goes where their complaints go.
#[cfg(unix)]
fn join_streams() -> io::Result<()> {
    Ok(rustix::stdio::dup2_stdout(io::stderr())?)
}

#[cfg(not(unix))]
fn nice(_change: i64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn join_streams() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
