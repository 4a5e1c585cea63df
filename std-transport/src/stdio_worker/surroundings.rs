//! Settings of the process itself that a controller could not make before it started the process.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use execnet_serializer::{Dict, Value};

use crate::sys;

/// Applies the settings. The error is a text for the controller.
pub(super) fn apply(settings: &Dict) -> Result<(), String> {
    if settings.get("env").is_some() {
        // Setting a variable is not safe while other threads may read the environment.
        return Err("a worker in Rust cannot set variables once it runs".to_string());
    }
    if let Some(directory) = settings.get("chdir").and_then(Value::as_str) {
        change_directory(Path::new(directory)).map_err(|error| format!("{directory}: {error}"))?;
    }
    if let Some(change) = settings.get("nice").and_then(Value::as_i64) {
        sys::nice(change).map_err(|error| format!("nice: {error}"))?;
    }
    if settings.get("stdout").is_some() {
        sys::join_streams().map_err(|error| format!("standard output: {error}"))?;
    }
    Ok(())
}

/// As in execnet: the last component of the path is created if it does not exist.
fn change_directory(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => env::set_current_dir(directory),
    }
}
