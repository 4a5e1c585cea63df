//! Deadlines: a test that hangs fails, with the name of what it waits for.

use core::time::Duration;
use std::env;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

/// The deadline of a step, far longer than any step takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(30);

/// Runs `body` in a thread.
///
/// # Panics
///
/// With this name, when `body` panics or takes longer than `limit`.
pub fn within<T: Send + 'static>(
    name: &str,
    limit: Duration,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        let result = body();
        let _ = done.send(());
        result
    });
    match finished.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name}: not done after {limit:?}"),
        _ => match thread.join() {
            Ok(result) => result,
            Err(_) => panic!("{name}: failed, see above"),
        },
    }
}

/// The amount of work of a test: this environment variable, or else `default`.
#[must_use]
pub fn amount(variable: &str, default: u32) -> u32 {
    env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Waits until this holds, which another thread or process brings about.
///
/// # Panics
///
/// With this name, when it does not hold within `limit`.
pub fn eventually(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    until(what, limit, || holds().then_some(()));
}

/// Asks until there is an answer, which another thread or process brings about.
///
/// # Panics
///
/// With this name, when there is none within `limit`.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
