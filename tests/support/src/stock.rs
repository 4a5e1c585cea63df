//! Stock execnet from PyPI, in the releases that the suites run against, and what they tell of it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A release of execnet on one of the Pythons it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub execnet: &'static str,
    /// 2 or 3.
    pub python: u8,
}

/// All that the suites know, the newest first.
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
    /// A Python that has it; none, with the reason printed, where there is none or it is not asked for.
    ///
    /// `EXECNET_STOCK=all` asks for all releases, `EXECNET_STOCK=2.1.2-python3,1.9.0-python2` for these two; without
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
/// Why there is none.
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

/// An interpreter with pytest-xdist; none, with the reason printed, where it cannot be had.
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

/// The project's own directory.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Which end is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ours {
    /// The worker is stock.
    Controller,
    /// The controller is stock.
    Worker,
}

/// Tells that a behaviour of execnet's was seen in a test: lines that `scripts/compatibility` makes its table of.
pub fn report(behaviour: &str, ours: Ours, release: Release, test: &str) {
    println!("seen: {behaviour} | {ours:?} | {release} | {test}");
}
