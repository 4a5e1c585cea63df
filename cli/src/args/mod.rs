//! The command line, as clap parses it: a module for the arguments of each command.

mod data;
mod exec;
#[cfg(unix)]
mod rsync;
mod serve;
mod values;
mod workers;

use clap::{Parser, Subcommand};

pub(crate) use data::{Dumps, Inspect, Loads};
pub(crate) use exec::Exec;
#[cfg(unix)]
pub(crate) use rsync::Rsync;
pub(crate) use serve::{Serve, Worker};
pub(crate) use values::spec;

/// Run Python code in local and remote interpreters; read and write execnet data
#[derive(Debug, Parser)]
#[command(name = "execnet", version, after_help = STATUSES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const STATUSES: &str = "\
Exit status:
    0  success
    1  the remote code raised an exception (SystemExit is one, whatever its code), data is malformed
       or cannot be represented, files were not copied, or standard output cannot be written
    2  usage error: an invalid argument, spec or literal, or a file that cannot be opened
    3  the worker cannot be started, or its connection was lost; the server cannot listen
  124  timed out
  130  interrupted (143: by SIGTERM, 129: its terminal was closed, 131: by SIGQUIT)
  137  workers were killed, as they did not exit within --grace or a second interrupt came
  141  the reader of standard output closed it";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Exec(Exec),
    #[cfg(unix)]
    Rsync(Rsync),
    Serve(Serve),
    Worker(Worker),
    Dumps(Dumps),
    Loads(Loads),
    Inspect(Inspect),
}
