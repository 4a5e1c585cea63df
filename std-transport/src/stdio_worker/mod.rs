//! A Rust worker on the standard input and output of its process.

mod bootstrap;
mod stock_surroundings;
mod streams;
mod surroundings;

use std::io::{self, Write as _};
use std::process;

use execnet_core_sync::{ServeError, Worker};

/// Serves the controller that started this process, over its standard input and output.
///
/// A stock Python controller starts such a program with `popen//python=/path/to/worker`, one in Rust with the same spec
/// or with `popen//worker=/path/to/worker`. Command line arguments do not matter, and the program that a controller
/// sends for a Python interpreter is read and answered. The worker uses the execution model and the grace that the
/// controller asks for, and `chdir=` and `nice=` of a stock controller's spec. It refuses `env:`, because a Rust
/// program cannot safely change its environment while threads run.
///
/// From this call on, standard input and output of the process are the null device, so that a function that prints does
/// not break the link. Standard error does not change.
///
/// ```no_run
/// use execnet::{Channel, Worker};
///
/// fn main() -> Result<(), execnet::ServeError> {
///     let mut worker = Worker::new();
///     worker.register("double", |channel: &Channel, n: i64| channel.send(n * 2));
///     execnet::serve_stdio(worker)
/// }
/// ```
///
/// # Process exit
///
/// If functions still run after their [`Grace`](crate::Grace), their names are printed to standard error and the
/// process exits with status 1, whatever [`Worker::on_abandon`] says. In all other cases this function returns.
///
/// # Errors
///
/// As [`Worker::serve`]; or the bytes on standard input are not those of a controller.
pub fn serve_stdio(worker: Worker) -> Result<(), ServeError> {
    let (mut reader, mut writer) = streams::take().map_err(ServeError::Start)?;
    let settings = bootstrap::answer(&mut reader, &mut writer);
    let settings = settings.map_err(ServeError::Bootstrap)?;
    let mut worker = settings.apply_to(worker).on_abandon(exit);
    // Only here: a worker that shares its process must not change the directory of that process.
    stock_surroundings::register(&mut worker);
    worker.serve(streams::link(reader, writer))
}

/// Exits, because threads cannot be ended from outside, and the thread that would return from `serve_stdio` may be the
/// one whose function does not return.
#[allow(
    clippy::exit,
    reason = "threads cannot be ended, and the controller waits for the process"
)]
fn exit(functions: &[String]) {
    let error = ServeError::StillRunning(functions.to_vec());
    // Standard error may be closed, and there is nowhere else to report that.
    let _ = writeln!(io::stderr(), "execnet worker: {error}");
    process::exit(1);
}
