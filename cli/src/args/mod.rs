//! The command line, as clap parses it: a module for the arguments of each command.

mod data;
mod exec;
mod rsync;
mod run;
mod serve;
mod status;
mod values;
mod verbosity;
mod workers;

use core::fmt::Display;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

pub(crate) use data::{Dumps, Inspect, Loads};
pub(crate) use exec::{Exec, LineFormat};
pub(crate) use rsync::{Direction, Pull, Push, Rsync, SyncOptions};
pub(crate) use run::Run;
pub(crate) use serve::{Serve, Worker};
pub(crate) use status::Status;
pub(crate) use values::{EXEC_MODELS, spec, spec_parser};
pub(crate) use verbosity::Verbosity;
pub(crate) use workers::{Targets, TimeLimits};

use crate::commands::completions::Completions;
use crate::commands::man::Manual;
use crate::commands::shell::Shell;
use crate::commands::trace::Trace;

/// Run Python code in local and remote interpreters; read and write execnet data
#[derive(Debug, Parser)]
#[command(name = "execnet", version, after_help = STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

/// An error in the arguments of a command that clap cannot see, in the form of its errors.
fn error(command: &str, kind: ErrorKind, text: impl Display) -> clap::Error {
    let mut program = Cli::command();
    // So that the usage names the program before the command.
    program.build();
    match program.find_subcommand_mut(command) {
        Some(command) => command.error(kind, text),
        None => program.error(kind, text),
    }
}

const STATUSES: &str = "\
Exit status:
    0  success
    1  the remote code raised an exception (SystemExit is one, whatever its code), data is malformed
       or cannot be represented, files were not copied, or standard output cannot be written
    2  usage error: an invalid argument, spec or literal, or a file that cannot be opened
    3  the worker cannot be started, or its connection was lost; the server cannot listen
  124  timed out
  126  the program of `run` cannot be started (127: there is none); else `run` has its status
  130  interrupted (143: by SIGTERM, 129: its terminal was closed, 131: by SIGQUIT)
  137  workers were killed, as they did not exit within --grace or a second interrupt came
  141  the reader of standard output closed it";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Exec(Exec),
    Shell(Shell),
    Run(Run),
    Status(Status),
    Rsync(Rsync),
    Serve(Serve),
    Worker(Worker),
    Dumps(Dumps),
    Loads(Loads),
    Inspect(Inspect),
    Trace(Trace),
    Completions(Completions),
    Man(Manual),
}
