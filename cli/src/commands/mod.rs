//! One module per command.

pub(crate) mod completions;
mod dumps;
mod exec;
mod inspect;
mod loads;
pub(crate) mod man;
mod rsync;
mod run;
mod serve;
pub(crate) mod shell;
mod status;
pub(crate) mod trace;
mod worker;

use crate::args::{Cli, Command};
use crate::failure::Failure;

pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let verbosity = cli.verbosity;
    match cli.command {
        Command::Exec(args) => exec::run(&args, verbosity),
        Command::Run(args) => run::run(&args, verbosity),
        Command::Status(args) => status::run(&args, verbosity),
        Command::Serve(args) => serve::run(args),
        Command::Worker(_) => worker::run(),
        Command::Dumps(args) => dumps::run(&args),
        Command::Loads(args) => loads::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Shell(args) => shell::run(&args, verbosity),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Rsync(args) => rsync::run(&args, verbosity),
    }
}
