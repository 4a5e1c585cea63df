//! Locks with std, or with loom's in its tests.

use core::ops::{Deref, DerefMut};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::Relaxed;
#[cfg(not(loom))]
use std::sync as locks;
use std::sync::PoisonError;

use crate::deadline::Deadline;

// The tests of tests/loom explore the orders in which these can be taken.
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
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Guard(guard, held::Held::new())
    }
}

/// A lock that is held.
#[derive(Debug)]
pub(crate) struct Guard<'a, T>(locks::MutexGuard<'a, T>, held::Held);

pub(crate) use held::assert_unlocked;

/// Counts the locks that a thread holds, in the crate's own tests: code of the program must neither run nor be dropped
/// under a lock.
#[cfg(all(debug_assertions, feature = "test-util", not(loom)))]
mod held {
    use core::cell::Cell;
    use std::thread_local;

    thread_local! {
        static HELD: Cell<usize> = const { Cell::new(0) };
    }

    #[derive(Debug)]
    pub(crate) struct Held(());

    impl Held {
        pub(super) fn new() -> Self {
            HELD.set(HELD.get() + 1);
            Self(())
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            HELD.set(HELD.get() - 1);
        }
    }

    /// Called before code of the program runs.
    pub(crate) fn assert_unlocked() {
        assert_eq!(HELD.get(), 0, "code of the program runs under a lock");
    }
}

#[cfg(not(all(debug_assertions, feature = "test-util", not(loom))))]
mod held {
    #[derive(Debug)]
    pub(crate) struct Held(());

    impl Held {
        pub(super) fn new() -> Self {
            Self(())
        }
    }

    pub(crate) fn assert_unlocked() {}
}

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

/// A condition variable of a [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    inner: locks::Condvar,
    // Not one of loom's: it changes under the lock that the wait releases, and so adds no orders to explore.
    /// Number of threads that wait. Most notifications find none, and each would be a system call.
    waiting: AtomicU32,
}

impl Condvar {
    /// Waits for a notification, until `deadline` at most. Can return without one.
    pub(crate) fn wait<'a, T>(&self, guard: Guard<'a, T>, deadline: Deadline) -> Guard<'a, T> {
        // `held` stays counted during the wait, in which this thread runs nothing.
        let Guard(guard, held) = guard;
        self.waiting.fetch_add(1, Relaxed);
        let guard = match deadline.remaining() {
            None => self
                .inner
                .wait(guard)
                .unwrap_or_else(PoisonError::into_inner),
            Some(left) => {
                let waited = self.inner.wait_timeout(guard, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        self.waiting.fetch_sub(1, Relaxed);
        Guard(guard, held)
    }

    /// Waits until the data of `mutex` may have changed.
    pub(crate) fn wait_for_change<'a, T>(
        &self,
        _mutex: &'a Mutex<T>,
        guard: Guard<'a, T>,
    ) -> Guard<'a, T> {
        self.wait(guard, Deadline::NEVER)
    }

    /// Whether a thread waits, for a caller that has changed under the lock what it waits for. A thread that is not seen
    /// here takes the lock later, and finds the change.
    pub(crate) fn has_waiters(&self) -> bool {
        self.waiting.load(Relaxed) > 0
    }

    pub(crate) fn notify_one(&self) {
        if self.has_waiters() {
            self.inner.notify_one();
        }
    }

    pub(crate) fn notify_all(&self) {
        if self.has_waiters() {
            self.inner.notify_all();
        }
    }

    /// Counts a thread that does not exist.
    #[cfg(test)]
    pub(crate) fn add_waiter(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }
}
