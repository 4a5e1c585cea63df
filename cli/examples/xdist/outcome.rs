//! One outcome for each test, and a summary of all.

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
        !matches!(self, Self::Failed | Self::Error | Self::Crashed)
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
        })
    }
}

/// How many tests went how.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) counts: BTreeMap<Outcome, usize>,
    /// Of workers that died.
    pub(crate) deaths: usize,
    /// Tests that nobody ran, and modules that could not be collected.
    pub(crate) left_out: usize,
    pub(crate) seconds: f64,
}

impl Summary {
    pub(crate) fn count(&mut self, outcome: Outcome) {
        *self.counts.entry(outcome).or_default() += 1;
    }

    pub(crate) fn is_good(&self) -> bool {
        self.left_out == 0 && self.counts.keys().all(|outcome| outcome.is_good())
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
        if self.left_out > 0 {
            write!(f, "; {} not run", self.left_out)?;
        }
        f.write_str(" ==")
    }
}
