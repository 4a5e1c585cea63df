//! The execnet command: a thin layer over the public API of the `execnet` crate.
//!
//! `args` parses the command line, `commands` has a module for each command, and `failure` maps errors to exit statuses. All
//! peer text passes through `escape` on its way to the terminal.

// Users choose durations, so arithmetic with them could overflow.
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;

mod args;
mod commands;
mod complete;
mod escape;
mod failure;
mod input;
mod messages;
mod printer;
mod prompt;
mod source;
mod stdin;
mod style;
mod targets;
mod watch;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.status())
        }
    }
}

fn run() -> Result<(), Failure> {
    if complete::answer()? {
        return Ok(());
    }
    match args::Cli::try_parse() {
        Ok(cli) => commands::run(cli),
        // Not by `parse`, which ignores that standard output cannot be written.
        Err(help) if !help.use_stderr() => printer::print_help(&help),
        Err(error) => Err(error.into()),
    }
}
