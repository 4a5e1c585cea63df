//! The arguments of `execnet run`.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgGroup, Args};
use execnet::XSpec;

use super::values::spec;
use super::workers::{Targets, TimeLimits};
use crate::complete::spec_completer;

/// Run a program on the machines of workers
///
/// Starts a worker, and the program there, without a shell. Standard input is passed on to the program, and what the
/// program writes is shown as it arrives: its standard output on standard output, its standard error on standard error. On
/// a terminal, control characters are escaped. The directory and the environment are those of the worker: see the keys
/// chdir= and env: of specs.
///
/// With several targets, each program gets all of standard input. It is kept in memory for those that --parallel lets start
/// later. A line of more than 64 KiB is shown before its end: lines of other targets may divide it, and its rest then begins
/// with the id again. A standard input that cannot be read is an error after the end of the program, with status 2.
///
/// The exit status is that of the program, or 128 and the number of the signal that killed it. 127: there is no such
/// program; 126: it cannot be started. Failures of execnet itself have their own status and a message on standard error.
///
/// An interrupt or the timeout kills the program. So does the end of this command for any other reason.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("where").required(true).multiple(true).args(["specs", "on", "hosts"])),
    override_usage = "execnet run [OPTIONS] <SPEC>... -- <COMMAND> [ARGS]...\n       \
                      execnet run [OPTIONS] --hosts <FILE> -- <COMMAND> [ARGS]..."
)]
pub(crate) struct Run {
    /// Specs of the workers: popen, ssh=user@host, docker=name, ...
    #[arg(value_name = "SPEC", value_parser = spec_before_program(), add = spec_completer())]
    pub(crate) specs: Vec<XSpec>,
    /// The program and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = clap::ValueHint::AnyPath)]
    pub(crate) command: Vec<OsString>,
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Give the program an empty standard input, as --hosts - does
    #[arg(short = 'n', long)]
    pub(crate) no_stdin: bool,
    /// Print a JSON object for each line of output, and for each end
    ///
    /// They are {"id": ..., "stdout": LINE}, {"id": ..., "stderr": LINE}, and at the end {"id": ..., "status": NUMBER} with
    /// "signal": NUMBER if one killed the program, or "error": TEXT if the worker or the program could not start, or the
    /// connection was lost. A line of more than 64 KiB is several objects, all but the last with "continued": true. Bytes
    /// that are not UTF-8 are replaced by U+FFFD.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}

/// The parser of a spec, which a forgotten `--` makes of the program.
fn spec_before_program() -> impl TypedValueParser<Value = XSpec> {
    OsStringValueParser::new().try_map(|text| {
        let read = spec(&text);
        read.map_err(|error| format!("{error}; the program and its arguments come after --"))
    })
}
