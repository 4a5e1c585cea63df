//! A function over many inputs.

use alloc::collections::BTreeMap;
use core::iter::Fuse;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::Pool;
use super::task::Numbered;
use crate::call::CallError;

pub(super) struct Map<'a, T, I> {
    pool: &'a Pool,
    function: String,
    inputs: Fuse<I>,
    sender: Sender<Numbered<T>>,
    results: Receiver<Numbered<T>>,
    /// Number of calls that may be submitted beyond the results that were taken.
    window: usize,
    submitted: usize,
    received: usize,
    taken: usize,
    /// Results whose turn has not come.
    early: BTreeMap<usize, Result<T, CallError>>,
}

impl<'a, T, I> Map<'a, T, I>
where
    T: DeserializeOwned + Send + 'static,
    I: Iterator<Item: Serialize>,
{
    pub(super) fn new(pool: &'a Pool, function: &str, inputs: I) -> Self {
        let (sender, results) = channel();
        let queue = pool.shared.options.queue.get();
        let mut map = Self {
            pool,
            function: function.to_owned(),
            inputs: inputs.fuse(),
            sender,
            results,
            window: queue.saturating_add(pool.threads.len()),
            submitted: 0,
            received: 0,
            taken: 0,
            early: BTreeMap::new(),
        };
        map.submit();
        map
    }

    /// Submits calls until the window is full.
    fn submit(&mut self) {
        while self.submitted - self.taken < self.window {
            let Some(input) = self.inputs.next() else {
                return;
            };
            let (number, sender) = (self.submitted, self.sender.clone());
            self.submitted += 1;
            self.pool
                .submit_numbered(&self.function, &(input,), &(), number, sender);
        }
    }

    pub(super) fn next_completed(&mut self) -> Option<Numbered<T>> {
        self.submit();
        let next = self.receive()?;
        self.taken += 1;
        Some(next)
    }

    pub(super) fn next_in_order(&mut self) -> Option<Result<T, CallError>> {
        self.submit();
        loop {
            if let Some(result) = self.early.remove(&self.taken) {
                self.taken += 1;
                return Some(result);
            }
            let (number, result) = self.receive()?;
            self.early.insert(number, result);
        }
    }

    /// Waits for a result; `None` after the last one.
    fn receive(&mut self) -> Option<Numbered<T>> {
        if self.received == self.submitted {
            return None;
        }
        self.received += 1;
        // Each call is reported once, also if it is dropped.
        self.results.recv().ok()
    }
}
