//! Processes of workers: how they start, how they end, and the errors if they do not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod crash;
mod end;
mod failed_start;
mod processes;
mod start;

use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use execnet::{Grace, GroupOptions};
use execnet_test_support::quiet;

const SECOND: Duration = Duration::from_secs(1);

fn quick(interrupt: u64, leave: u64) -> GroupOptions {
    quiet().with_grace(
        Grace::default()
            .with_interrupt(Duration::from_millis(interrupt))
            .with_leave(Duration::from_millis(leave)),
    )
}

/// A directory that is removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("execnet-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn script(&self, text: &str) -> String {
        let path = self.0.join("script");
        fs::write(&path, format!("{text}\n")).unwrap();
        // Run by sh and not executed: a process that another test has forked may still have it open for writing.
        format!("popen//python=sh '{}'", path.display())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
