use core::ops::{Deref, DerefMut};
#[cfg(not(loom))]
use std::sync as locks;
use std::sync::PoisonError;
use std::time::Instant;

// The models of tests/loom try out the orders in which these are taken.
#[cfg(loom)]
use loom::sync as locks;

/// A mutual exclusion lock.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(locks::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(locks::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        Guard(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A held lock.
#[derive(Debug)]
pub(crate) struct Guard<'a, T>(locks::MutexGuard<'a, T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Where threads wait for a change of what a [`Mutex`] guards.
#[derive(Debug, Default)]
pub(crate) struct Condvar(locks::Condvar);

impl Condvar {
    /// Waits until notified, or for no reason, as condition variables do; until `deadline` at most.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>, deadline: Deadline) -> Guard<'a, T> {
        let guard = match deadline.0 {
            None => self.0.wait(guard.0).unwrap_or_else(PoisonError::into_inner),
            Some(at) => {
                let left = at.saturating_duration_since(Instant::now());
                let waited = self.0.wait_timeout(guard.0, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        Guard(guard)
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Where those wait who look again whenever something may have changed.
#[derive(Debug, Default)]
pub(crate) struct Signal(Condvar);

impl Signal {
    /// Waits until something may have changed of what `mutex` guards.
    pub(crate) fn wait<'a, T>(&self, _mutex: &'a Mutex<T>, guard: Guard<'a, T>) -> Guard<'a, T> {
        self.0.wait(guard, Deadline::NEVER)
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The end of a wait; of some waits there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const NEVER: Self = Self(None);

    /// So long from now; where the clock cannot count that far, never.
    pub(crate) fn after(timeout: core::time::Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// How long it is until then; `None` where there is no end.
    pub(crate) fn left(self) -> Option<core::time::Duration> {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        self.0.map(left)
    }

    pub(crate) fn has_passed(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }
}
