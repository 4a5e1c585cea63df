//! `execnet completions`: scripts by which shells complete arguments.

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::failure::Failure;
use crate::printer::print_bytes;

/// Print a script by which a shell completes arguments of execnet
///
/// In bash: source <(execnet completions bash). A package installs the output as
/// share/bash-completion/completions/execnet, share/zsh/site-functions/_execnet or
/// share/fish/vendor_completions.d/execnet.fish.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "execnet", &mut script);
    print_bytes(&script)
}
