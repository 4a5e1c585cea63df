//! The workers of a command, and their end.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write as _};

use execnet::{Group, GroupOptions, MemberReport, Outcome};

use crate::escape::escaped;
use crate::failure::Failure;
use crate::watch::{Ending, Watch};

/// What a worker says of code that was interrupted, in place of a traceback.
const INTERRUPTED: &str = "keyboard-interrupted";

/// The workers of one run of a command.
#[derive(Debug)]
pub(crate) struct Workers {
    group: Group,
    grace: Duration,
}

impl Workers {
    /// None yet. When they are to end, they have `grace` for it.
    pub(crate) fn new(mut options: GroupOptions, grace: Duration) -> Self {
        // Code that ends with its link is not interrupted, unless it takes half of the time.
        options.grace.interrupt = options.grace.interrupt.min(grace.mul_f64(0.5));
        // What cannot be killed from here, being elsewhere, leaves by itself a little later.
        options.grace.leave = grace.saturating_add(Duration::from_secs(1));
        let group = Group::with_options(options);
        Self { group, grace }
    }

    /// Does the work of a command with these workers, and ends them: when it is done, or earlier where that is asked for
    /// from outside. Then this process ends in here.
    pub(crate) fn run(
        self,
        timeout: Option<Duration>,
        work: impl FnOnce(&Group) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let workers = Arc::new(self);
        let watch = Watch::start(timeout, Arc::clone(&workers))
            .map_err(|error| Failure::Gateway(error.into()))?;
        let outcome = work(&workers.group);
        watch.grace_begins();
        let killed = workers.end();
        // How the remote code dealt with its interrupt.
        if let Err(failure @ Failure::Remote(text)) = &outcome
            && watch.has_begun()
            && text != INTERRUPTED
        {
            failure.report();
        }
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

impl Ending for Workers {
    fn end(&self) -> bool {
        tell(&self.group.terminate(Some(self.grace)))
    }

    fn kill(&self) -> bool {
        tell(&self.group.terminate(Some(Duration::ZERO)))
    }
}

/// Tells which workers had to be killed; true if there are some.
fn tell(reports: &[MemberReport]) -> bool {
    let mut killed = false;
    for report in reports {
        let text = match report.outcome {
            Outcome::Killed(_) => "the worker did not end, and was killed",
            Outcome::LeftBehind => "the worker was killed, and has not ended yet",
            _ => continue,
        };
        killed = true;
        let line = escaped(&format!("execnet: {}: {text}", report.id));
        // Standard error may be closed; the status tells it too.
        let _ = writeln!(io::stderr(), "{line}");
    }
    killed
}
