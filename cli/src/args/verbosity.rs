//! How much a command says beside its output.

use clap::Args;

/// How much a command says on standard error.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Verbosity {
    /// Say on standard error when workers start and end
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// Say nothing but errors: no summary and no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}
