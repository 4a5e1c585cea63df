//! Plays the controller of pytest-xdist: distributes a suite of tests over workers that run xdist's own code.
//!
//! ```text
//! cargo run -p execnet-cli --example xdist -- -n 4 --python .venv/bin/python tests/
//! ```
//!
//! The Python needs pytest and pytest-xdist; what follows the options is for pytest. Prints the outcome of each test as it
//! comes, then a summary, also when it is interrupted. The death of a worker is reported with its signal and what it last
//! said; the test it ran counts as crashed, its other tests go to a worker that takes its place.
//!
//! `event` reads what workers say, `worker` starts one, `collection` compares what they collect, `schedule` decides who runs
//! what, `outcome` makes one outcome of the reports of a test.

mod collection;
mod controller;
#[path = "../../src/escape.rs"]
#[allow(dead_code, reason = "the command escapes JSON too")]
mod escape;
mod event;
mod interrupt;
mod outcome;
mod schedule;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::escape::escaped;

/// Runs a suite of tests with the workers of pytest-xdist.
#[derive(Debug, Parser)]
struct Args {
    /// How many workers.
    #[arg(short, default_value_t = 2)]
    number: usize,
    /// A spec for them; more are taken in turn.
    #[arg(long = "tx", default_value = "popen")]
    specs: Vec<String>,
    /// The interpreter, with options.
    #[arg(long, default_value = "python3")]
    python: String,
    /// Where the suite is.
    #[arg(long, default_value = ".")]
    directory: PathBuf,
    /// How often a worker that has died is replaced; four times each when not given.
    #[arg(long)]
    max_restart: Option<usize>,
    /// How many seconds may pass without a word from any worker.
    #[arg(long, default_value_t = 600)]
    silence: u64,
    /// For pytest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pytest: Vec<String>,
}

fn main() -> ExitCode {
    let summary = controller::run(&Args::parse());
    if let Some(reason) = &summary.given_up {
        eprintln!("xdist: {}", escaped(reason));
    }
    println!("{}", escaped(&summary.to_string()));
    ExitCode::from(summary.status())
}
