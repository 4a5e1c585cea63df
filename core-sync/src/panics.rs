//! Panics of the program's code.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use core::any::Any;
use core::panic::AssertUnwindSafe;
use std::panic;

/// Runs code of the program. A panic is an error with the panic's message.
///
/// Only the panic hook of the process gets the location. The default hook prints it to standard error.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    crate::sync::assert_unlocked();
    // Unwind safe: the code can leave its own data inconsistent, but reaches the gateway only through handles, and no
    // handle runs code of the program under a lock.
    panic::catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let message = message(&*payload).to_string();
        forget(payload);
        message
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a payload that is not text")
}

/// Drops a value of the program. A panic in its destructor is ignored: the panic hook has printed it.
pub(crate) fn discard<T>(value: T) {
    let _ = catch(|| drop(value));
}

/// Drops the payload of a panic, which is a value of the program, and can panic as well. The payload of that second
/// panic is leaked.
fn forget(payload: Box<dyn Any + Send>) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(payload);
    }
}
