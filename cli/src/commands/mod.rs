//! One module per command.

mod dumps;
mod exec;
mod inspect;
mod loads;
#[cfg(unix)]
mod rsync;
mod serve;
mod worker;

use execnet::MakeGatewayError;

use crate::args::{Cli, Command};
use crate::failure::Failure;

pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Exec(args) => exec::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Worker(_) => worker::run(),
        Command::Dumps(args) => dumps::run(&args),
        Command::Loads(args) => loads::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        #[cfg(unix)]
        Command::Rsync(args) => rsync::run(&args),
    }
}

fn gateway_failure(error: MakeGatewayError) -> Failure {
    match error {
        MakeGatewayError::Spec(error) => Failure::Usage("invalid spec".into(), error.into()),
        error => Failure::Gateway(error.into()),
    }
}
