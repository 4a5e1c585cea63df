//! Prints values to standard output, one per line.

use std::io::{self, BufWriter, StdoutLock, Write};

use execnet::Value;
use execnet::serializer::json::to_json;

use crate::escape::escaped_json;
use crate::failure::Failure;

/// Prints values as lines, in Python's literal notation or as JSON.
pub(crate) struct Printer {
    out: BufWriter<StdoutLock<'static>>,
    json: bool,
}

impl Printer {
    pub(crate) fn new(json: bool) -> Self {
        // Not `stdout` itself, which writes each line by itself: a program may send many small items.
        let out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        Self { out, json }
    }

    /// Prints one value. It may stay in the buffer until [`flush`](Self::flush).
    pub(crate) fn print(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json {
            let document = to_json(value);
            writeln!(self.out, "{}", escaped_json(&document.to_string()))
        } else {
            writeln!(self.out, "{value}")
        }
        .map_err(Failure::Output)
    }

    /// Writes the buffer to standard output.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::Output)
    }
}
