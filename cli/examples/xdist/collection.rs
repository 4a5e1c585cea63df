//! The tests that the workers have collected, which must be the same in the same order on all of them.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt;

/// How many differing lines are shown.
const SHOWN: usize = 20;

/// The collections of a run.
#[derive(Debug)]
pub(crate) struct Collections {
    /// How many workers have to collect before the first test runs.
    expected: usize,
    tests: Vec<String>,
    /// Who has collected; the first is the one that the others are compared with.
    workers: BTreeSet<usize>,
    first: usize,
    /// What cannot be collected.
    pub(crate) errors: BTreeSet<String>,
}

impl Collections {
    pub(crate) fn new(expected: usize) -> Self {
        Self {
            expected,
            tests: Vec::new(),
            workers: BTreeSet::new(),
            first: 0,
            errors: BTreeSet::new(),
        }
    }

    /// Takes what a worker has collected.
    ///
    /// # Errors
    ///
    /// It has collected other tests than the first one.
    pub(crate) fn add(&mut self, worker: usize, tests: Vec<String>) -> Result<(), Mismatch> {
        if self.workers.is_empty() {
            (self.first, self.tests) = (worker, tests);
        } else if self.tests != tests {
            return Err(Mismatch::new(self.first, &self.tests, worker, &tests));
        }
        self.workers.insert(worker);
        Ok(())
    }

    /// Whether as many workers have collected as there are at the beginning.
    pub(crate) fn are_complete(&self) -> bool {
        self.workers.len() >= self.expected
    }

    pub(crate) fn has(&self, worker: usize) -> bool {
        self.workers.contains(&worker)
    }

    pub(crate) fn len(&self) -> usize {
        self.tests.len()
    }

    pub(crate) fn name(&self, test: usize) -> Option<&str> {
        self.tests.get(test).map(String::as_str)
    }
}

/// Two workers have collected different tests.
#[derive(Debug)]
pub(crate) struct Mismatch {
    workers: [usize; 2],
    /// Each with a sign in front, as in a diff.
    differences: Vec<String>,
}

impl Mismatch {
    fn new(first: usize, tests: &[String], second: usize, others: &[String]) -> Self {
        let mut times: BTreeMap<&str, i64> = BTreeMap::new();
        tests
            .iter()
            .for_each(|test| *times.entry(test).or_default() -= 1);
        others
            .iter()
            .for_each(|test| *times.entry(test).or_default() += 1);
        let differences = times.iter().filter_map(|(test, times)| match times {
            ..0 => Some(format!("- {test}")),
            0 => None,
            1.. => Some(format!("+ {test}")),
        });
        Self {
            workers: [first, second],
            differences: differences.collect(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.workers;
        write!(f, "gw{first} and gw{second} have collected different tests")?;
        if self.differences.is_empty() {
            return f.write_str(": the same ones in another order");
        }
        for difference in self.differences.iter().take(SHOWN) {
            write!(f, "\n  {difference}")?;
        }
        match self.differences.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n  and {more} more"),
        }
    }
}
