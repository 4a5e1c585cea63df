//! The arguments of `execnet exec`.

use core::str::FromStr as _;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Args, ValueEnum, ValueHint};
use execnet::{Value, XSpec};

use super::values::spec;
use super::workers::{Targets, TimeLimits};
use crate::complete::spec_completer;
use crate::input::is_stdin;

/// Run Python code in workers and print the items that it sends
///
/// Starts a worker, runs the code in it and prints each item that the code sends over `channel` as one line, in Python's
/// literal notation. What the code prints goes to standard error line by line, after the gateway's id in brackets. A line of
/// more than 64 KiB is shown as several lines, each after the id. A worker behind a socket prints to the standard error of
/// its server. The command ends when the code ends, and the worker with it.
///
/// Without --send and --stdin, nothing is ever sent to the code: `channel.receive()` waits until the timeout or an
/// interrupt.
///
/// An exception that the code does not handle is status 1. SystemExit is one, as in Python's execnet: `sys.exit(0)` too is
/// status 1. Code succeeds by reaching its end.
#[derive(Debug, Args)]
#[command(override_usage = "\
execnet exec [OPTIONS] <SPEC> <CODE> [ARGS]...
       execnet exec [OPTIONS] <SPEC> --file <FILE> [ARGS]...
       execnet exec [OPTIONS] --on <SPEC>... [--hosts <FILE>] <CODE> [ARGS]...")]
pub(crate) struct Exec {
    /// Spec of the worker: popen, popen//python=python3.12//chdir=work, ssh=user@host, ...
    ///
    /// With --on or --hosts there is no such argument.
    #[arg(add = spec_completer())]
    pub(crate) spec: Option<OsString>,
    /// Python code, or - to read it from standard input; with --file there is no such argument
    pub(crate) code: Option<OsString>,
    /// Arguments for the code, in sys.argv; those that begin with - come after --
    #[arg(value_hint = ValueHint::AnyPath)]
    pub(crate) args: Vec<OsString>,
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Read the code from FILE; tracebacks name it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Send this value to the code (repeatable); its items end after the last value
    ///
    /// After the last value `for item in channel` ends and `channel.receive()` raises EOFError. Workers that run stock
    /// execnet (socket=, bootstrap=execnet) get the values, but not the end.
    // The parser is named because clap would prefer `From<&str>`, which makes every text a string.
    #[arg(long, value_name = "LITERAL", allow_hyphen_values = true, value_parser = Value::from_str)]
    pub(crate) send: Vec<Value>,
    /// Send each line of standard input to the code, after the values of --send: as text, or as FORMAT
    ///
    /// Each target gets all lines, which are kept in memory for those that --parallel lets start later. The items end with standard input, as with --send.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) stdin: Option<LineFormat>,
    /// Print items as JSON: a value on each line; with --on or --hosts, {"id": ..., "item": ...}
    ///
    /// With --on or --hosts the last object of each target is {"id": ..., "status": NUMBER}, with "error": TEXT if it failed.
    ///
    /// Values that JSON lacks are objects such as {"$bytes": "aGk="} and {"$int": "123..."}, which --stdin=json reads too: see
    /// "Values as JSON" in docs/guide/command.md.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) limits: TimeLimits,
}

/// What a line of standard input is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LineFormat {
    /// Text without its line end
    Text,
    /// A value in Python's literal notation
    Literal,
    /// A JSON value
    Json,
}

/// The positional arguments, after the options have shown what they are.
#[derive(Debug)]
pub(crate) struct Words {
    /// The only target, unless options name targets.
    pub(crate) spec: Option<XSpec>,
    /// The code, unless it is in a file.
    pub(crate) code: Option<String>,
    pub(crate) args: Vec<String>,
}

impl Exec {
    /// Assigns the positional arguments: an option for the targets or the code takes the place of one.
    pub(crate) fn words(&self) -> Result<Words, clap::Error> {
        let named = [&self.spec, &self.code].into_iter().flatten();
        let mut words = named.chain(&self.args).peekable();
        let spec = match self.targets.are_given() {
            true => None,
            false => {
                let word = words
                    .next()
                    .ok_or_else(|| missing("<SPEC>, --on or --hosts"))?;
                let read = spec(word);
                Some(read.map_err(|error| invalid(word, "<SPEC>", &error))?)
            }
        };
        let code = match self.file {
            Some(_) => None,
            None => {
                let word = words.next().ok_or_else(|| missing("<CODE> or --file"))?;
                self.check_code(word, words.peek().is_some())?;
                Some(text(word, "<CODE>")?)
            }
        };
        self.check_stdin(code.as_deref())?;
        let args = words.map(|word| text(word, "[ARGS]"));
        Ok(Words {
            spec,
            code,
            args: args.collect::<Result<_, _>>()?,
        })
    }

    /// Rejects words that are hardly meant as code, and that Python would take for expressions.
    fn check_code(&self, word: &OsString, followed: bool) -> Result<(), clap::Error> {
        let problem = if is_script(word) {
            "it is the name of a file; to run the code in it, write --file before it"
        } else if followed && self.targets.are_given() && spec(word).is_ok() {
            "it is a spec; beside --on and --hosts, write --on before it"
        } else {
            return Ok(());
        };
        Err(invalid(word, "<CODE>", &problem))
    }

    /// Rejects a second use of standard input, which would find it at its end.
    fn check_stdin(&self, code: Option<&str>) -> Result<(), clap::Error> {
        let code = code == Some("-") || self.file.as_deref().is_some_and(is_stdin);
        let uses = [
            (
                self.targets.hosts.iter().any(|file| is_stdin(file)),
                "the specs of --hosts",
            ),
            (code, "the code"),
            (self.stdin.is_some(), "the items of --stdin"),
        ];
        let uses = uses
            .into_iter()
            .filter_map(|(used, what)| used.then_some(what));
        let uses: Vec<_> = uses.collect();
        match uses.len() {
            0 | 1 => Ok(()),
            _ => {
                let uses = uses.join(" and ");
                let text = format!("standard input cannot be {uses}; write one of them to a file");
                Err(super::error("exec", ErrorKind::ArgumentConflict, text))
            }
        }
    }
}

/// Whether the code is the name of a script, which Python would take for an expression.
fn is_script(word: &OsString) -> bool {
    let path = Path::new(word);
    path.extension() == Some(OsStr::new("py")) && path.is_file()
}

fn text(word: &OsString, name: &str) -> Result<String, clap::Error> {
    let text = word.to_str().map(str::to_owned);
    text.ok_or_else(|| invalid(word, name, &"it is not UTF-8"))
}

fn missing(what: &str) -> clap::Error {
    let text = format!("an argument is missing: {what}");
    super::error("exec", ErrorKind::MissingRequiredArgument, text)
}

fn invalid(word: &OsString, name: &str, problem: &dyn core::fmt::Display) -> clap::Error {
    let text = format!("invalid value '{}' for '{name}': {problem}", word.display());
    super::error("exec", ErrorKind::ValueValidation, text)
}
