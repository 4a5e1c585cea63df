//! A worker on the standard input and output of its process.

mod bootstrap;
mod stock_surroundings;
mod streams;
mod surroundings;

use alloc::string::String;
use std::io::Write as _;

use self::bootstrap::Settings;
use super::{ServeError, Worker};

impl Worker {
    /// Serves the controller that started this process, over its standard input and output.
    ///
    /// A stock Python controller starts it as `popen//python=/path/to/worker`, one in Rust so or as
    /// `popen//worker=/path/to/worker`: arguments do not matter, and what a controller sends ahead for a Python
    /// interpreter is read and answered. The model and the grace that the controller asks for are obeyed, and of a
    /// stock controller's spec `chdir=` and `nice=`; `env:` is refused, as the environment of a program in Rust stays.
    ///
    /// From the call on, standard input and output of the process are the null device, so that a function which
    /// prints does not break the link. Standard error is left as it is.
    ///
    /// # The end of the process
    ///
    /// Functions that run on beyond their [`Grace`](super::Grace) are told on standard error, and the process exits with
    /// status 1. In all other cases this returns.
    ///
    /// # Errors
    ///
    /// As [`serve`](Self::serve), or what came on standard input is nothing that a controller sends.
    pub fn serve_stdio(&self) -> Result<(), ServeError> {
        let (mut reader, mut writer) = streams::take().map_err(ServeError::Start)?;
        let settings = bootstrap::answer(&mut reader, &mut writer);
        let settings = settings.map_err(ServeError::Bootstrap)?;
        let mut config = self.config.clone();
        let Settings {
            id,
            exec_model,
            grace,
            credit,
        } = settings;
        config.id = id.unwrap_or(config.id);
        config.exec_model = exec_model.unwrap_or(config.exec_model);
        // Only who asks for it understands it.
        config.credit = credit;
        let link = streams::link(reader, writer);
        self.in_own_process()
            .serve_as(link, config, grace.unwrap_or(self.grace), Some(abandon))
    }

    /// The same, which changes its surroundings on request: nobody else has them.
    fn in_own_process(&self) -> Self {
        let mut worker = self.clone();
        worker.register_builtin_program(
            stock_surroundings::NAME,
            stock_surroundings::are_asked_for,
            stock_surroundings::take,
        );
        worker
    }
}

/// The process cannot go on without the thread that serves, which may be the one that does not return.
#[allow(
    clippy::exit,
    reason = "threads cannot be ended, and the controller waits for the process"
)]
fn abandon(names: &[String]) {
    let error = ServeError::StillRunning(names.to_vec());
    // Nobody may read it.
    let _ = std::writeln!(std::io::stderr(), "execnet worker: {error}");
    std::process::exit(1);
}
