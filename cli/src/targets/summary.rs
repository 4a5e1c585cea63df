//! How a command ended on each of several targets.

use super::Target;
use crate::args::Verbosity;
use crate::failure::Failure;
use crate::messages;
use crate::workers::is_interrupt;

/// The outcomes of the targets.
#[derive(Debug)]
pub(super) struct Summary {
    targets: usize,
    /// The number of a target, and why it failed.
    failed: Vec<(usize, String)>,
    status: u8,
    /// Standard output cannot be written.
    output: Option<Failure>,
}

impl Summary {
    pub(super) const fn new(targets: usize) -> Self {
        Self {
            targets,
            failed: Vec::new(),
            status: 0,
            output: None,
        }
    }

    /// Adds the outcome of a target. A traceback is printed at once. Returns whether standard output has failed.
    pub(super) fn add(
        &mut self,
        index: usize,
        target: &Target,
        outcome: Result<(), Failure>,
        stopping: bool,
    ) -> bool {
        let Err(failure) = outcome else {
            return false;
        };
        if let Failure::Output(_) = failure {
            return self.output.replace(failure).is_none();
        }
        // A worker that is stopped fails in some way that says no more than that.
        let own = !stopping || matches!(&failure, Failure::Remote(text) if !is_interrupt(text));
        if let (Failure::Remote(text), true) = (&failure, own) {
            messages::print_lines(&target.error_prefix, text.trim_end());
        }
        self.status = self.status.max(failure.status());
        let reason = match own {
            true => failure.in_short(),
            false => "stopped before its end".to_owned(),
        };
        self.failed
            .push((index, format!("{}: {reason}", target.label())));
        false
    }

    pub(super) fn not_started(&mut self, index: usize, target: &Target) {
        self.failed
            .push((index, format!("{}: not started", target.label())));
    }

    /// Prints the summary, and returns the failure with the highest status.
    pub(super) fn finish(mut self, verbosity: Verbosity) -> Result<(), Failure> {
        if let Some(failure) = self.output {
            return Err(failure);
        }
        let succeeded = self.targets.saturating_sub(self.failed.len());
        self.failed.sort();
        if !verbosity.quiet {
            messages::print(&format!(
                "{succeeded} of {} targets succeeded",
                self.targets
            ));
        }
        for (_, reason) in &self.failed {
            messages::print(reason);
        }
        match self.status {
            0 => Ok(()),
            status => Err(Failure::Reported(status)),
        }
    }
}
