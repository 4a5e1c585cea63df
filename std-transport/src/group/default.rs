//! The default group, which ends with the program.

use std::sync::LazyLock;
use std::thread;

use execnet_core_sync::Gateway;

use super::Group;
use super::terminate::DROP_TIMEOUT;
use crate::error::MakeGatewayError;
use crate::spec::IntoXSpec;

static GROUP: LazyLock<Group> = LazyLock::new(Group::new);

/// The group of [`make_gateway`]: one for the whole program.
///
/// It ends as a group that is dropped: after a second, workers that still run are killed. That happens when `main`
/// returns or its thread calls [`std::process::exit`], provided that this function or [`make_gateway`] was called in
/// that thread at some time, and that the system runs destructors of thread-local values at the end of the main thread
/// (Linux with glibc and macOS do). In all other cases the workers find their links closed and exit by themselves: at
/// once, or after their [`Grace`](crate::Grace).
pub fn default_group() -> &'static Group {
    AtExit::arm();
    &GROUP
}

/// Makes a gateway in the [default group](default_group).
///
/// # Errors
///
/// As [`Group::make_gateway`].
pub fn make_gateway(spec: impl IntoXSpec) -> Result<Gateway, MakeGatewayError> {
    default_group().make_gateway(spec)
}

/// Dropped when the program ends: unlike statics, thread-local values of the main thread are.
struct AtExit;

impl AtExit {
    /// Initialises the value in the main thread: the end of another thread is not the end of the program.
    fn arm() {
        thread_local!(static AT_EXIT: AtExit = const { AtExit });
        // The standard library gives the main thread this name. If a program gives it to another thread too, the end of
        // that thread terminates the group early.
        if thread::current().name() == Some("main") {
            AT_EXIT.with(|_| ());
        }
    }
}

impl Drop for AtExit {
    fn drop(&mut self) {
        GROUP.terminate_timeout(DROP_TIMEOUT);
    }
}
