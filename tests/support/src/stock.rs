//! Stock execnet from PyPI: the releases that the suites run against, and the lines that report a result.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A release of execnet, for Python 2 or 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub execnet: &'static str,
    /// 2 or 3.
    pub python: u8,
}

/// All releases that the suites know, the newest first.
pub const RELEASES: [Release; 5] = [
    release("2.1.2", 3),
    release("2.1.1", 3),
    release("2.0.2", 3),
    release("1.9.0", 3),
    release("1.9.0", 2),
];

const NEWEST_AND_OLDEST: &str = "2.1.2-python3,1.9.0-python3,1.9.0-python2";

const fn release(execnet: &'static str, python: u8) -> Release {
    Release { execnet, python }
}

impl Release {
    /// A Python with this release installed. `None`, with the reason printed, if there is none or it is not selected.
    ///
    /// `EXECNET_STOCK=all` selects all releases, `EXECNET_STOCK=2.1.2-python3,1.9.0-python2` these two; without
    /// it they are the newest and the oldest.
    #[must_use]
    pub fn python(self) -> Option<PathBuf> {
        let wanted = env::var("EXECNET_STOCK").unwrap_or_else(|_| NEWEST_AND_OLDEST.to_owned());
        if wanted != "all" && !wanted.split(',').any(|name| name == self.to_string()) {
            println!("skipped: execnet {self}: only with EXECNET_STOCK=all");
            return None;
        }
        self.environment()
            .map_err(|reason| println!("skipped: execnet {self}: {reason}"))
            .ok()
    }

    fn environment(self) -> Result<PathBuf, String> {
        environment(&[self.execnet, &self.python.to_string()])
    }
}

/// A Python with packages from PyPI, as `scripts/stock-python` makes it for these arguments.
///
/// # Errors
///
/// The reason for which there is none.
pub fn environment(arguments: &[&str]) -> Result<PathBuf, String> {
    let output = Command::new(root().join("scripts/stock-python"))
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout).into()),
        false => Err(text(&output.stderr).replace('\n', " ")),
    }
}

/// An interpreter with pytest-xdist. `None`, with the reason printed, if it cannot be installed.
#[must_use]
pub fn xdist_python() -> Option<PathBuf> {
    environment(&["xdist"])
        .map_err(|reason| println!("skipped: the example controller of pytest-xdist: {reason}"))
        .ok()
}

/// `2.1.2-python3`
impl core::fmt::Display for Release {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-python{}", self.execnet, self.python)
    }
}

/// The root directory of the project.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The end that is implemented by this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// The worker is stock.
    Controller,
    /// The controller is stock.
    Worker,
}

/// Prints that a test has shown a behaviour of execnet, in the form that `scripts/compatibility` reads.
pub fn report(behaviour: &str, ours: Ours, release: Release, test: &str) {
    println!("seen: {behaviour} | {ours:?} | {release} | {test}");
}
