//! What a panic of the program's code said.

use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use core::any::Any;
use core::panic::AssertUnwindSafe;
use std::panic;

/// Runs code of the program. A panic is an error with the panic's message.
///
/// Where it was is not in there: only the hook of the process learns that, and the hook is the program's. The one that
/// every program starts with prints it to standard error.
///
/// What the code has left behind in the middle is its own: of the gateway it can touch nothing but through handles,
/// whose locks it does not hold while its own code runs.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    crate::sync::assert_unlocked();
    panic::catch_unwind(AssertUnwindSafe(code)).map_err(|payload| {
        let message = message(&*payload).to_string();
        forget(payload);
        message
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a payload that is no text")
}

/// Drops a value of the program. A panic of that was shown by the hook of the process, and changes nothing.
pub(crate) fn discard<T>(value: T) {
    let _ = catch(|| drop(value));
}

/// A payload is the program's, too, and can panic when it is dropped. What that panic carries is not dropped.
fn forget(payload: Box<dyn Any + Send>) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        core::mem::forget(payload);
    }
}
