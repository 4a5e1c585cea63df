//! The arguments of `execnet status`.

use clap::{ArgGroup, Args};
use execnet::XSpec;

use super::values::spec_parser;
use super::workers::{Targets, TimeLimits};
use crate::complete::spec_completer;

/// Start workers and show the interpreter, process and round trip of each
///
/// One line for each target, as it answers: the spec, the program and its version, the platform, the process id, the
/// working directory, the time of a round trip and the number of open channels. Targets that fail are listed on standard
/// error.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("where").required(true).multiple(true).args(["specs", "on", "hosts"])),
    override_usage = "execnet status [OPTIONS] <SPEC>...\n       execnet status [OPTIONS] --hosts <FILE>"
)]
pub(crate) struct Status {
    /// Specs of the workers: popen, popen//python=python3.12, ssh=user@host, ...
    #[arg(value_name = "SPEC", value_parser = spec_parser(), add = spec_completer())]
    pub(crate) specs: Vec<XSpec>,
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Print a JSON object for each target
    ///
    /// Its keys are id, spec, executable, version, platform, pid, cwd, round_trip (in seconds), channels, executing (the
    /// number of running calls) and execmodel; of a target that failed, id, status (its exit status) and error.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}
