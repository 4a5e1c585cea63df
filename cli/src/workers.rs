//! The workers of a command, and their shutdown.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write as _};

use execnet::{Grace, Group, GroupOptions, Outcome, TerminateReport};

use crate::escape::escaped;
use crate::failure::Failure;
use crate::watch::{Shutdown, Watch};

/// What a worker reports for code that was interrupted, instead of a traceback.
const INTERRUPTED: &str = "keyboard-interrupted";

/// The workers of one run of a command.
#[derive(Debug)]
pub(crate) struct Workers {
    group: Group,
    grace: Duration,
}

impl Workers {
    /// Creates an empty set of workers, which have `grace` to exit when they are shut down.
    pub(crate) fn new(options: GroupOptions, grace: Duration) -> Self {
        // Code may end by itself when its link does, but interrupted code needs the rest of the time.
        let interrupt = options.grace().interrupt().min(grace.mul_f64(0.5));
        // A worker on another machine, which cannot be killed from here, exits by itself a little later.
        let leave = grace.saturating_add(Duration::from_secs(1));
        let ours = Grace::new().with_interrupt(interrupt).with_leave(leave);
        let group = Group::with_options(options.with_grace(ours));
        Self { group, grace }
    }

    /// Runs a command with these workers and shuts them down afterwards. On a timeout or a signal they are shut down
    /// earlier, and the process exits in here.
    pub(crate) fn run(
        self,
        timeout: Option<Duration>,
        work: impl FnOnce(&Group) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let workers = Arc::new(self);
        let watch = Watch::start(timeout, Arc::clone(&workers))
            .map_err(|error| Failure::Gateway(error.into()))?;
        let outcome = work(&workers.group);
        // Before the shutdown: a signal that comes in between kills, instead of starting a second shutdown.
        watch.start_grace();
        let killed = workers.shut_down();
        // The process exits without returning the failure: report how the remote code handled its interrupt.
        if let Err(failure @ Failure::Remote(text)) = &outcome
            && watch.is_shutting_down()
            && text != INTERRUPTED
        {
            failure.report();
        }
        // If a timeout or a signal has begun the shutdown, this waits for the exit of the process and does not return.
        drop(watch);
        match outcome {
            Ok(()) if killed => Err(Failure::Killed),
            Err(failure @ (Failure::Remote(_) | Failure::Data(_) | Failure::Output(_)))
                if killed =>
            {
                failure.report();
                Err(Failure::Killed)
            }
            outcome => outcome,
        }
    }
}

impl Shutdown for Workers {
    fn shut_down(&self) -> bool {
        report_killed(&self.group.terminate_timeout(self.grace))
    }

    fn kill(&self) -> bool {
        report_killed(&self.group.terminate_timeout(Duration::ZERO))
    }
}

/// Prints which workers were killed, and returns whether there are any.
fn report_killed(reports: &[TerminateReport]) -> bool {
    let mut killed = false;
    for report in reports {
        let text = match report.outcome {
            Outcome::Killed(_) => "the worker did not exit in time and was killed",
            Outcome::Survived => "the worker was killed but has not exited yet",
            _ => continue,
        };
        killed = true;
        let line = escaped(&format!("execnet: {}: {text}", report.id));
        // Standard error may be closed; the exit status remains.
        let _ = writeln!(io::stderr(), "{line}");
    }
    killed
}
