//! What the tests of the example controller of pytest-xdist need.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The example. Cargo builds it with the tests.
pub(crate) fn example() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(2).unwrap().join("examples/xdist")
}

/// An interpreter with pytest-xdist; none where it cannot be had.
pub(crate) fn python() -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/stock-python");
    let output = Command::new(script).arg("xdist").output().unwrap();
    if output.status.success() {
        return Some(String::from_utf8(output.stdout).unwrap().trim().to_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).replace('\n', " ");
    println!("skipped: the example controller of pytest-xdist: {reason}");
    None
}
