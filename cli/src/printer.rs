//! Prints values to standard output, one per line.

use std::io::{self, Write as _};

use execnet::Value;
use execnet::serializer::json::to_json;
use serde_json::json;

use crate::escape::escaped_json;
use crate::failure::Failure;
use crate::targets::Target;

/// With this many bytes the buffer is written.
const FULL: usize = 64 * 1024;

/// Prints values as lines, in Python's literal notation or as JSON.
///
/// Several may print at the same time: each writes whole lines.
pub(crate) struct Printer<'a> {
    /// Not that of `stdout` itself, which writes each line by itself: a program may send many small items.
    buffer: Vec<u8>,
    form: Form<'a>,
}

/// The form of a line.
enum Form<'a> {
    /// A literal after this prefix.
    Literal(&'a str),
    Json,
    /// A JSON object with the id of the target.
    JsonOf(&'a str),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(json: bool) -> Self {
        Self::with_form(if json { Form::Json } else { Form::Literal("") })
    }

    /// A printer for the items of a target; `json` with its id.
    pub(crate) fn of_target(target: &'a Target, json: bool) -> Self {
        Self::with_form(match json {
            true => Form::JsonOf(&target.id),
            false => Form::Literal(&target.prefix),
        })
    }

    const fn with_form(form: Form<'a>) -> Self {
        let buffer = Vec::new();
        Self { buffer, form }
    }

    /// Prints one value. It may stay in the buffer until [`flush`](Self::flush).
    pub(crate) fn print(&mut self, value: &Value) -> Result<(), Failure> {
        let buffer = &mut self.buffer;
        match self.form {
            Form::Literal(prefix) => writeln!(buffer, "{prefix}{value}"),
            Form::Json => writeln!(buffer, "{}", escaped_json(&to_json(value))),
            Form::JsonOf(id) => {
                let document = json!({"id": id, "item": to_json(value)});
                writeln!(buffer, "{}", escaped_json(&document))
            }
        }
        .map_err(Failure::Output)?;
        match self.buffer.len() < FULL {
            true => Ok(()),
            false => self.flush(),
        }
    }

    /// Writes the buffer to standard output.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        // The lock is held for whole lines.
        let mut out = io::stdout().lock();
        let written = out.write_all(&self.buffer).and_then(|()| out.flush());
        self.buffer.clear();
        written.map_err(Failure::Output)
    }
}

/// Prints a line to standard output at once.
pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    print_bytes(format!("{line}\n").as_bytes())
}

/// Writes bytes to standard output at once.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(Failure::Output)
}

/// Prints what clap made of `--help` or `--version`.
pub(crate) fn print_help(text: &clap::Error) -> Result<(), Failure> {
    let printed = text.print().and_then(|()| io::stdout().flush());
    printed.map_err(Failure::Output)
}
