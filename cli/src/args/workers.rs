//! Arguments that several commands with workers share.

use core::time::Duration;

use clap::Args;

use super::values::{nonzero_time, time};

/// When a command with workers ends.
#[derive(Debug, Args)]
pub(crate) struct TimeLimits {
    /// Stop after this time, including start-up: seconds, or with a unit (ms, s, m, h, d)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = nonzero_time)]
    pub(crate) timeout: Option<Duration>,
    /// Time for workers to exit before they are killed
    ///
    /// It starts when the remote code ends, for the threads and exit handlers that the code leaves behind. On a timeout, an
    /// interrupt or SIGTERM, the remote code gets a KeyboardInterrupt, and has this time to clean up. A second interrupt
    /// kills the workers on this machine at once; a worker elsewhere exits by itself when its time is over.
    #[arg(long, value_name = "TIME", default_value = "10s", allow_hyphen_values = true, value_parser = time)]
    pub(crate) grace: Duration,
}
