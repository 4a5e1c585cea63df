//! Programs and processes of this machine.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// Whether a process runs. A zombie does not.
#[must_use]
pub fn is_running(pid: i64) -> bool {
    let pid = pid.to_string();
    let output = Command::new("ps")
        .args(["-o", "stat=", "-p", &pid])
        .output();
    let state = String::from_utf8_lossy(&output.unwrap().stdout)
        .trim()
        .to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Sends a signal, by its number or name.
pub fn signal(name: &str, pid: i64) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
    assert!(status.unwrap().success(), "kill -{name} {pid}");
}

/// The niceness of a worker with `nice=` and this number: that of this process and the number, and 19 at most.
#[must_use]
pub fn niceness(added: i64) -> i64 {
    let output = Command::new("nice").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let own: i64 = text.trim().parse().unwrap();
    (own + added).min(19)
}

/// The path of a program, also of one for administrators.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}
