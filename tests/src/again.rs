//! Runs a test again in another process, with another environment or in namespaces of its own.

use std::env;
use std::ffi::OsStr;
use std::process::{Command, Output};

/// Set in a test that runs again, to its name.
const INSIDE: &str = "EXECNET_TEST_INSIDE";

/// Whether this process is one in which the test runs again.
#[must_use]
pub fn is_inside(test: &str) -> bool {
    env::var_os(INSIDE).is_some_and(|inside| inside == test)
}

/// Runs the test of this program again: behind the words of `prefix`, with these variables set.
///
/// # Panics
///
/// When it fails, or when no test has this name.
pub fn repeat(test: &str, prefix: &[&OsStr], variables: &[(&str, &OsStr)]) {
    let program = env::current_exe().unwrap();
    let words = [prefix, &[program.as_os_str()]].concat();
    let (first, rest) = words.split_first().unwrap();
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(first)
        .args(rest)
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .env(INSIDE, test)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&stdout);
    println!("{printed}");
    eprintln!("{}", String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{test}, inside: {status}");
    assert!(printed.contains("1 passed"), "no test is called {test}");
}
