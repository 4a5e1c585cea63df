//! The arguments of `execnet exec`.

use core::str::FromStr as _;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use execnet::{Value, XSpec};

use super::values::spec_parser;
use super::workers::TimeLimits;

/// Run Python code in a worker and print the items that it sends
///
/// Starts a worker, runs the code in it and prints each item that the code sends over `channel` as one line, in Python's
/// literal notation. What the code prints goes to standard error line by line, after the gateway's id in brackets; a
/// worker behind a socket prints to the standard error of its server. The command ends when the code ends, and the
/// worker with it.
///
/// Without --send, nothing is ever sent to the code: `channel.receive()` waits until the timeout or an interrupt.
///
/// An exception that the code does not handle is status 1. SystemExit is one, as in Python's execnet: `sys.exit(0)` too is
/// status 1. Code succeeds by reaching its end.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("source").required(true).args(["code", "file"])),
    override_usage = "execnet exec [OPTIONS] <SPEC> <CODE>\n       execnet exec [OPTIONS] <SPEC> --file <FILE>"
)]
pub(crate) struct Exec {
    /// Spec of the worker: popen, popen//python=python3.12//chdir=work, ssh=user@host, ...
    #[arg(value_parser = spec_parser())]
    pub(crate) spec: XSpec,
    /// Python code, or - to read it from standard input
    pub(crate) code: Option<String>,
    /// Read the code from FILE; tracebacks name it
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Send this value to the code (repeatable); its items end after the last value
    ///
    /// After the last value `for item in channel` ends and `channel.receive()` raises EOFError. Workers that run stock
    /// execnet (socket=, bootstrap=execnet) get the values, but not the end.
    // The parser is named because clap would prefer `From<&str>`, which makes every text a string.
    #[arg(long, value_name = "LITERAL", allow_hyphen_values = true, value_parser = Value::from_str)]
    pub(crate) send: Vec<Value>,
    /// Print items as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}
