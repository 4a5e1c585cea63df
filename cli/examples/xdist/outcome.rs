//! The outcome of each test, and the summary of a run.

extern crate alloc;

use alloc::collections::BTreeMap;
use core::fmt;

use crate::event::Report;

/// How a phase of a test, and with it the test, went: pytest's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Passed,
    Skipped,
    XFailed,
    XPassed,
    Failed,
    /// It failed before or after the test itself.
    Error,
    /// Its worker died.
    Crashed,
    /// It ran, and no report of it has arrived.
    Lost,
}

impl Outcome {
    /// None for a phase that says nothing: setup and teardown that went well.
    pub(crate) fn of(report: &Report) -> Option<Self> {
        match (report.outcome.as_str(), report.when.as_str()) {
            ("skipped", _) if report.expected_failure => Some(Self::XFailed),
            ("passed", "call") if report.expected_failure => Some(Self::XPassed),
            ("skipped", _) => Some(Self::Skipped),
            ("passed", "call") => Some(Self::Passed),
            ("failed", "call") => Some(Self::Failed),
            ("failed", _) => Some(Self::Error),
            _ => None,
        }
    }

    fn is_good(self) -> bool {
        !matches!(
            self,
            Self::Failed | Self::Error | Self::Crashed | Self::Lost
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::XFailed => "xfailed",
            Self::XPassed => "xpassed",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Crashed => "crashed",
            Self::Lost => "lost",
        })
    }
}

/// How many tests went how.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) counts: BTreeMap<Outcome, usize>,
    /// Of workers that died.
    pub(crate) deaths: usize,
    /// Tests that no worker ran, and modules that could not be collected.
    pub(crate) not_run: usize,
    /// Why the run ended early.
    pub(crate) given_up: Option<String>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) seconds: f64,
}

impl Summary {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        *self.counts.entry(outcome).or_default() += 1;
    }

    /// The exit status: 0 if every test went well, 1 if not, 3 if the run was given up, 128 and the signal's number.
    pub(crate) fn status(&self) -> u8 {
        match (self.signal.map(u8::try_from), &self.given_up) {
            (Some(Ok(signal)), _) => 128 + signal,
            (_, Some(_)) => 3,
            _ if self.not_run > 0 => 1,
            _ => u8::from(!self.counts.keys().all(|outcome| outcome.is_good())),
        }
    }
}

/// `== 3 passed, 1 crashed in 0.52 s; 1 worker died ==`
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts.iter();
        let counts: Vec<_> = counts
            .map(|(outcome, count)| format!("{count} {outcome}"))
            .collect();
        let counts = if counts.is_empty() {
            "no tests".to_owned()
        } else {
            counts.join(", ")
        };
        write!(f, "== {counts} in {:.2} s", self.seconds)?;
        if self.deaths > 0 {
            write!(f, "; {} of the workers died", self.deaths)?;
        }
        if self.not_run > 0 {
            write!(f, "; {} not run", self.not_run)?;
        }
        if self.signal.is_some() {
            f.write_str("; interrupted")?;
        }
        f.write_str(" ==")
    }
}
