//! `execnet completions`: scripts by which shells complete arguments.

use clap::Args;
use clap_complete::Shell;

use crate::complete::script;
use crate::failure::Failure;
use crate::printer::print_bytes;

/// Print a script by which a shell completes arguments of execnet
///
/// Commands, options, files, and the keys of specs are completed. For that, the script runs the execnet that is in PATH.
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
    print_bytes(&script(&args.shell.to_string()))
}
