use std_shims::sync::{Mutex, MutexGuard};

/// Where those wait who look again whenever something may have changed: they look all the time.
#[derive(Debug, Default)]
pub(crate) struct Signal(());

impl Signal {
    pub(crate) fn wait<'a, T>(
        &self,
        mutex: &'a Mutex<T>,
        guard: MutexGuard<'a, T>,
    ) -> MutexGuard<'a, T> {
        drop(guard);
        core::hint::spin_loop();
        mutex.lock()
    }

    #[allow(clippy::unused_self, reason = "threads have to be woken")]
    pub(crate) fn notify_all(&self) {}
}
