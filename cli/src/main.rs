//! The execnet command: a thin layer over the public API of the `execnet` crate.
//!
//! `args` reads the command line, `commands` has one module a command, `failure` maps what can go
//! wrong to the exit status. Peer text reaches the terminal through `escape` only.

// Durations come from users.
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;

mod args;
mod commands;
mod escape;
mod failure;
mod input;
mod printer;
mod source;
mod watch;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match commands::run(args::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.status()
        }
    }
}
