//! What a panic said, and where.

use alloc::format;
use alloc::string::{String, ToString};
use core::any::Any;
use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::thread_local;

thread_local! {
    /// A call runs in this thread.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of a call in this thread was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs a call. A panic is an error that tells its message and its place.
///
/// What the call has left behind in the middle is its own: of the gateway it can touch nothing but through handles,
/// whose locks it does not hold while its own code runs.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    install();
    WATCHED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    WATCHED.set(false);
    result.map_err(|payload| {
        let place = PLACE.take();
        let place = place.as_deref().unwrap_or("an unknown place");
        format!("at {place}: {}", message(&*payload))
    })
}

/// The place of a panic is told to the hook alone. The hook that is there stays: a panic shows on the worker's
/// standard error as elsewhere.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(alloc::boxed::Box::new(move |info| {
            note(info);
            previous(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    if WATCHED.get() {
        let place = info.location().map(ToString::to_string);
        // It is only borrowed here and in `catch`, never across the program's code.
        PLACE.set(place);
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a payload that is no text")
}
