//! The example controller of pytest-xdist, run with the real pytest.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod end;
mod hostile;
mod outcomes;

use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use execnet_test_support::xdist_python;
use tempfile::TempDir;

/// A run that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(90);

/// A project with these files, and the interpreter to run it; none where there is no pytest.
struct Project {
    place: TempDir,
    /// For what the example keeps while it runs.
    scratch: TempDir,
    python: PathBuf,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Option<Self> {
        let python = xdist_python()?;
        let place = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(place.path().join(name), text).unwrap();
        }
        let scratch = tempfile::tempdir().unwrap();
        Some(Self {
            place,
            scratch,
            python,
        })
    }

    fn command(&self, silence: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xdist"));
        command
            .args(["-n", "2", "--silence", silence, "--python"])
            .arg(&self.python)
            .arg("--directory")
            .arg(self.place.path())
            .args(["--", "-p", "no:cacheprovider", "--capture=no"])
            .env("TMPDIR", self.scratch.path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What the example prints: its outcomes, and what it complains of.
    fn run(&self, silence: &str, status: i32) -> (String, String) {
        let mut command = assert_cmd::Command::from_std(self.command(silence));
        let output = command.timeout(DEADLINE).assert().code(status);
        let output = output.get_output();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert!(fs::read_dir(self.scratch.path()).unwrap().next().is_none());
        (text(&output.stdout), text(&output.stderr))
    }
}

/// A project with a test that ends its session in the middle, and others before and after it.
fn project_that_ends_early(statement: &str) -> Option<Project> {
    let test = format!(
        "
import pytest, sys
def test_first(): pass
def test_culprit(monkeypatch):
    {statement}
@pytest.mark.parametrize('n', range(20))
def test_after(n): pass
"
    );
    Project::new(&[("test_it.py", &test)])
}
