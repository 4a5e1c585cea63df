//! Which worker runs which tests: they are assigned in chunks, as workers finish those that they have.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

/// A worker begins a test when it knows the next one, for the sake of fixtures: it is never left with fewer, until the
/// end.
const AHEAD: usize = 2;

/// Tests by their index in the collection, workers by number.
#[derive(Debug)]
pub(crate) struct Schedule {
    waiting: VecDeque<usize>,
    /// What each has been told to run and has not finished, in its order.
    given: BTreeMap<usize, VecDeque<usize>>,
    /// The workers that have been told to leave: they run no test that they are given after that.
    leaving: BTreeSet<usize>,
    workers: usize,
}

impl Schedule {
    pub(crate) fn new(tests: usize, workers: usize) -> Self {
        Self {
            waiting: (0..tests).collect(),
            given: BTreeMap::new(),
            leaving: BTreeSet::new(),
            workers: workers.max(1),
        }
    }

    /// More tests for a worker, if it is about to run out of them.
    pub(crate) fn next(&mut self, worker: usize) -> Vec<usize> {
        let piece = (self.waiting.len() / self.workers / 2).max(AHEAD);
        let given = self.given.entry(worker).or_default();
        if given.len() >= AHEAD || self.leaving.contains(&worker) {
            return Vec::new();
        }
        let size = piece.min(self.waiting.len());
        let next: Vec<_> = self.waiting.drain(..size).collect();
        given.extend(&next);
        next
    }

    /// Whether a worker is to be told that there are no more tests: true once.
    pub(crate) fn leaves(&mut self, worker: usize) -> bool {
        self.waiting.is_empty() && self.leaving.insert(worker)
    }

    /// What a worker runs, if it has anything to run.
    pub(crate) fn running(&self, worker: usize) -> Option<usize> {
        self.given.get(&worker)?.front().copied()
    }

    /// A worker has finished a test.
    pub(crate) fn finished(&mut self, worker: usize, test: usize) {
        if let Some(given) = self.given.get_mut(&worker) {
            given.retain(|&other| other != test);
        }
    }

    /// A worker is gone: the test that it ran, if any; the others wait again, in front.
    pub(crate) fn gone(&mut self, worker: usize) -> Option<usize> {
        let mut given = self.given.remove(&worker)?;
        let running = given.pop_front();
        given
            .into_iter()
            .rev()
            .for_each(|test| self.waiting.push_front(test));
        running
    }

    /// Whether there is nothing to hand out.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many tests nobody has finished.
    pub(crate) fn left(&self) -> usize {
        self.waiting.len() + self.given.values().map(VecDeque::len).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_is_handed_out_once_whatever_happens() {
        let mut schedule = Schedule::new(20, 2);
        let mut run = Vec::new();
        let first = schedule.next(0);
        assert!(schedule.next(0).is_empty());
        assert_eq!(schedule.running(0), Some(first[0]));
        assert_eq!(schedule.gone(0), Some(first[0]));
        run.push(first[0]);
        let mut worker = 1;
        while !schedule.is_empty() {
            for test in schedule.next(worker) {
                schedule.finished(worker, test);
                run.push(test);
            }
            worker = 3 - worker;
        }
        run.sort_unstable();
        assert_eq!(run, (0..20).collect::<Vec<_>>());
        assert_eq!(schedule.left(), 0);
    }

    #[test]
    fn a_worker_that_leaves_gets_no_tests_of_one_that_dies() {
        let mut schedule = Schedule::new(4, 2);
        assert_eq!(schedule.next(0), [0, 1]);
        assert!(!schedule.leaves(0));
        assert_eq!(schedule.next(1), [2, 3]);
        assert!(schedule.leaves(1));
        assert!(!schedule.leaves(1));
        assert_eq!(schedule.gone(0), Some(0));
        schedule.finished(1, 2);
        assert!(schedule.next(1).is_empty());
        assert_eq!(schedule.next(2), [1]);
    }
}
