//! Arguments that several commands with workers share.

use core::time::Duration;
use std::path::PathBuf;

use clap::Args;
use execnet::XSpec;

use super::values::{count, nonzero_time, spec_parser, time};
use crate::complete::spec_completer;

/// How long a command with workers waits, and for what.
#[derive(Debug, Args)]
pub(crate) struct TimeLimits {
    /// Stop after this time, including start-up: seconds, or with a unit (ms, s, m, h, d)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) timeout: Option<Duration>,
    /// Give up on a worker that has not started after this time
    #[arg(long, value_name = "TIME", default_value = "30s", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) start_timeout: Duration,
    /// Time for workers to exit before they are killed
    ///
    /// It starts when the remote code ends, for the threads and exit handlers that the code leaves behind. On a timeout, an
    /// interrupt or SIGTERM, the remote code gets a KeyboardInterrupt, and has this time to clean up. A second interrupt
    /// kills the workers on this machine at once; a worker elsewhere exits by itself when its time is over.
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = time)]
    pub(crate) grace: Duration,
}

/// The targets of a command that runs on several workers.
#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// Add the worker of this spec to the targets (repeatable)
    ///
    /// With several targets, each line of output begins with the id of its gateway in brackets: that of the spec, or gw0,
    /// gw1, ... A target that fails does not stop the others. At the end, standard error has the number of targets that
    /// succeeded and why the others failed; the exit status is the highest of all targets.
    #[arg(long, value_name = "SPEC", value_parser = spec_parser(), add = spec_completer())]
    pub(crate) on: Vec<XSpec>,
    /// Add the workers of FILE, which has a spec on each line (repeatable)
    ///
    /// Empty lines and lines that begin with # are skipped. The file is UTF-8 and at most 1 MiB. - is standard input.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) hosts: Vec<PathBuf>,
    /// Maximum number of targets at a time
    #[arg(long, value_name = "N", default_value = "32", allow_hyphen_values = true, value_parser = count())]
    pub(crate) parallel: usize,
}

impl Targets {
    /// Whether an option names targets, so that no positional argument does.
    pub(crate) const fn are_given(&self) -> bool {
        !self.on.is_empty() || !self.hosts.is_empty()
    }
}
