//! One module a command.

mod dumps;
mod exec;
mod loads;

use crate::args::{Cli, Command};
use crate::failure::Failure;

pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Exec(args) => exec::run(&args),
        Command::Dumps(args) => dumps::run(&args),
        Command::Loads(args) => loads::run(&args),
    }
}
