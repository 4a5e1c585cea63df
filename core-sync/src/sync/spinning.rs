//! Locks without std: a wait returns at once, and the caller checks again.

use std_shims::sync::{Mutex, MutexGuard};

/// A condition variable without threads to wake: waiting returns at once, and the caller checks its condition again.
#[derive(Debug, Default)]
pub(crate) struct Condvar(());

impl Condvar {
    pub(crate) fn wait_for_change<'a, T>(
        &self,
        mutex: &'a Mutex<T>,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        drop(guard);
        core::hint::spin_loop();
        mutex.lock()
    }

    #[allow(clippy::unused_self, reason = "the same API as with threads")]
    pub(crate) fn notify_all(&self) {}
}
