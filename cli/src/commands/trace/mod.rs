//! `execnet trace`: records what processes of execnet do, and shows it as a sequence diagram.

mod diagram;
mod file;
mod line;
mod page;
mod record;
mod show;
mod side;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Record the frames of a command's gateways, and show them as a sequence diagram
///
/// Traces hold the first bytes of everything that the gateways send and receive.
#[derive(Debug, Args)]
pub(crate) struct Trace {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Record(record::Record),
    Show(show::Show),
}

pub(super) fn run(args: &Trace) -> Result<(), Failure> {
    match &args.command {
        Command::Record(args) => record::run(args),
        Command::Show(args) => show::run(args),
    }
}
