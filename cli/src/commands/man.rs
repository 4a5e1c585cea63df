//! `execnet man`: manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, ValueHint};
use clap_mangen::{Man, generate_to};

use crate::args::Cli;
use crate::failure::Failure;
use crate::printer::print_bytes;

/// Print the manual page, or write the pages of all commands to a directory
///
/// To read it: execnet man | man -l -
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// Write execnet.1, execnet-exec.1 and so on to this directory, as a package installs them
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Manual) -> Result<(), Failure> {
    match &args.output {
        Some(directory) => generate_to(Cli::command(), directory).map_err(|error| {
            let what = format!("cannot write to {directory:?}");
            Failure::Usage(what, error.into())
        }),
        None => {
            let mut page = Vec::new();
            let rendered = Man::new(Cli::command()).render(&mut page);
            rendered.map_err(Failure::Output)?;
            print_bytes(&page)
        }
    }
}
