//! How much a command says beside its output.

use clap::Args;

/// How much a command says on standard error.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Verbosity {
    /// Say more: when the workers of exec, run and status start and end, and each file that rsync copies
    #[arg(short, long, global = true, display_order = 900)]
    pub(crate) verbose: bool,
    /// Say nothing but errors: no summary and no progress
    #[arg(
        short,
        long,
        global = true,
        display_order = 901,
        conflicts_with = "verbose"
    )]
    pub(crate) quiet: bool,
}
