//! A time limit for a test that may hang.

use alloc::string::String;
use core::time::Duration;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Instant;

/// Runs `body`, and panics with the name of the test if it takes longer than `limit`: a hang is a failure.
///
/// A thread that hangs is left behind. It ends with the process.
///
/// # Panics
///
/// If `body` panics, or takes too long.
#[allow(clippy::panic)]
pub fn within<T: Send + 'static>(limit: Duration, body: impl FnOnce() -> T + Send + 'static) -> T {
    let name = thread::current()
        .name()
        .map_or_else(String::new, String::from);
    let (done, finished) = sync_channel(1);
    let runner = thread::Builder::new().name(name.clone()).spawn(move || {
        // The receiver is gone if the limit has passed.
        let _ = done.send(body());
    });
    let runner = match runner {
        Ok(runner) => runner,
        Err(error) => panic!("{name}: cannot start a thread: {error}"),
    };
    match finished.recv_timeout(limit) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("{name}: not done within {limit:?}"),
        Err(RecvTimeoutError::Disconnected) => match runner.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => panic!("{name}: ended without a result"),
        },
    }
}

/// Lets other threads run for about a millisecond, on an idle machine and on a busy one.
pub fn give_way() {
    let end = Instant::now() + Duration::from_millis(1);
    while Instant::now() < end {
        thread::yield_now();
    }
}
