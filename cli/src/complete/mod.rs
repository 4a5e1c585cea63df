//! Completion of arguments in shells: their scripts run this program for each completion.

mod shells;
mod spec;

use std::env;

use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Elvish, Fish, Powershell, Shells};

use crate::args::Cli;
use crate::failure::Failure;
use shells::{BASH, ZSH};
pub(crate) use spec::{spec_completer, target_completer};

/// The variable that has the name of the shell while it completes.
const VARIABLE: &str = "_EXECNET_COMPLETE";

const PROGRAM: &str = "execnet";

/// Those of bash and zsh are our own: the ones of clap put a space after `ssh=`, and in bash see several words there.
const SHELLS: Shells<'static> = Shells(&[&BASH, &Elvish, &Fish, &Powershell, &ZSH]);

/// Prints what the arguments can be completed to, if a shell asks. Returns whether it does.
pub(crate) fn answer() -> Result<bool, Failure> {
    let shell = CompleteEnv::with_factory(Cli::command)
        .var(VARIABLE)
        .shells(SHELLS);
    Ok(shell.try_complete(env::args_os(), env::current_dir().ok().as_deref())?)
}

/// The script by which a shell asks.
pub(crate) fn script(shell: &str) -> Vec<u8> {
    let mut script = Vec::new();
    if let Some(shell) = SHELLS.completer(shell) {
        // Writing to memory cannot fail.
        let _ = shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script);
    }
    script
}
