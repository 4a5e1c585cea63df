//! The arguments of `execnet rsync`.

use core::time::Duration;
use std::ffi::OsString;

use clap::builder::UnknownArgumentValueParser;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, Args, Subcommand, ValueHint};

use super::values::time;
use super::workers::{Targets, TimeLimits};
use crate::complete::{spec_completer, target_completer};

/// Copy a directory or file to gateways, or from a gateway
///
/// Copies directories recursively, with symbolic links, permissions and modification times, but without owners and special
/// files. Files of the same size and time are skipped. Every other file is written under a temporary name and then
/// renamed.
///
/// The content of a directory goes into DEST. A file becomes DEST, or goes into DEST if that ends in a slash. Relative paths
/// on a gateway start at the worker's working directory, which over ssh is the home directory.
#[derive(Debug, Args)]
pub(crate) struct Rsync {
    #[command(subcommand)]
    pub(crate) direction: Direction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Direction {
    Push(Push),
    Pull(Pull),
}

/// Copy from this machine to gateways
///
/// Prints a line for each target, which begins with its spec and path. A target that fails does not stop the others. The
/// exit status is the highest of all targets.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("where").required(true).multiple(true).args(["to", "on", "hosts"])),
    arg = archive(),
    // Its long help is about the lines of the other commands.
    mut_arg("on", |on| on.long_help(None)),
    override_usage = "execnet rsync push [OPTIONS] <SRC> <DEST> --on <SPEC>... [--hosts <FILE>]\n       \
                      execnet rsync push [OPTIONS] <SRC> --to <SPEC> <DEST> [--to <SPEC> <DEST>]..."
)]
pub(crate) struct Push {
    /// Directory or file to copy
    #[arg(value_name = "SRC", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(crate) source: OsString,
    /// Path on the gateways of --on and --hosts
    #[arg(value_name = "DEST", value_parser = path_parser(), required_unless_present = "to")]
    pub(crate) destination: Option<OsString>,
    /// Copy to a path on a gateway (repeatable)
    #[arg(long, num_args = 2, value_names = ["SPEC", "DEST"], value_parser = path_parser(), add = target_completer())]
    pub(crate) to: Vec<OsString>,
    #[command(flatten)]
    pub(crate) targets: Targets,
    #[command(flatten)]
    pub(crate) sync: SyncOptions,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}

/// Copy from a gateway to this machine
#[derive(Debug, Args)]
#[command(arg = archive())]
pub(crate) struct Pull {
    /// Spec of the gateway: ssh=user@host, docker=name, ...
    #[arg(value_name = "SPEC", add = spec_completer())]
    pub(crate) spec: OsString,
    /// Directory or file on the gateway
    #[arg(value_name = "SRC", value_parser = path_parser())]
    pub(crate) source: OsString,
    /// Path on this machine
    #[arg(value_name = "DEST", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(crate) destination: OsString,
    #[command(flatten)]
    pub(crate) sync: SyncOptions,
    /// Stop a copy that has more entries than this [default: 10000000]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) max_entries: Option<u64>,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}

/// What is copied, and how: the same in both directions.
#[derive(Debug, Args)]
pub(crate) struct SyncOptions {
    /// Delete files in DEST that are not in SRC
    #[arg(long)]
    pub(crate) delete: bool,
    /// Skip paths that match, as in a .gitignore (repeatable; !PATTERN includes again)
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    pub(crate) exclude: Vec<String>,
    /// Skip larger files (K, M and G are powers of 1024)
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true, value_parser = bytes)]
    pub(crate) max_file_size: Option<u64>,
    /// Treatment of symbolic links that lead out of the tree [default: keep in a push, refuse in a pull]
    #[arg(long, value_name = "RULE")]
    pub(crate) links: Option<LinkRule>,
    /// Keep the setuid, setgid and sticky bits of files
    #[arg(long)]
    pub(crate) special_modes: bool,
    /// Keep holes in files instead of writing zeros
    #[arg(short = 'S', long)]
    pub(crate) sparse: bool,
    /// Keep hard links within the tree instead of writing a file for each name
    #[arg(short = 'H', long)]
    pub(crate) hard_links: bool,
    /// Write everything to the disk (fsync) before the copy counts as done
    #[arg(long)]
    pub(crate) fsync: bool,
    /// Compare the content of files instead of their times
    #[arg(short = 'c', long)]
    pub(crate) checksum: bool,
    /// Only show what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Give up on a gateway that is silent for this time; 0 is never [default: 10m]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = time)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Print a JSON document for each target instead of lines
    ///
    /// Its keys are spec, destination, files, bytes (sent), unchanged (numbers), sent, linked, deleted (lists of paths), skipped,
    /// failed (lists of {"path": ..., "reason": ...}) and error (text or null). A path that is not UTF-8 is an object with its bytes: {"bytes": [102, 255]}.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Rejects -a, which users of rsync expect, with a hint.
fn archive() -> Arg {
    let hint = "there is no archive mode: directories, symbolic links, permissions and times are always copied, owners \
                and devices never; -H keeps hard links, --special-modes the setuid bit";
    Arg::new("archive")
        .short('a')
        .hide(true)
        .action(ArgAction::SetTrue)
        .value_parser(UnknownArgumentValueParser::suggest(hint))
}

/// Rejects paths that are hardly meant: a quoted `~`, which the shell did not expand, and the value of an unset variable.
fn path_parser() -> impl TypedValueParser<Value = OsString> {
    OsStringValueParser::new().try_map(|path| match path.as_encoded_bytes() {
        [] => Err("it is empty; `.` is the working directory"),
        [b'~', ..] => Err("`~` is not expanded: a relative path starts at the worker's working directory, which over \
                           ssh is the home directory; write `./~` if that is the name"),
        _ => Ok(path),
    })
}

/// What to do with a link that leads out of the tree.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum LinkRule {
    /// Copy the link as it is
    Keep,
    /// Report the link as failed
    Refuse,
    /// Copy the file that the link points to; in a pull, the same as refuse
    Copy,
}

impl From<LinkRule> for execnet::rsync::Links {
    fn from(rule: LinkRule) -> Self {
        match rule {
            LinkRule::Keep => Self::Keep,
            LinkRule::Refuse => Self::Refuse,
            LinkRule::Copy => Self::Copy,
        }
    }
}

fn bytes(text: &str) -> Result<u64, &'static str> {
    let units = [('K', 1_u64 << 10), ('M', 1 << 20), ('G', 1 << 30)];
    let mut found = units
        .iter()
        .filter_map(|&(unit, size)| Some((text.strip_suffix(unit)?, size)));
    let (number, unit) = found.next().unwrap_or((text, 1));
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number of bytes, optionally with a unit (K, M, G)")?;
    number.checked_mul(unit).ok_or("the number is too large")
}
