//! The output of programs on standard output and standard error.

use std::io::{self, BufRead, IsTerminal as _, Write as _};

use serde_json::json;

use crate::escape::{escaped, escaped_json};
use crate::failure::Failure;
use crate::targets::Target;

/// Maximum length of a line in bytes. A longer one is shown as several.
const MAX_LINE: usize = 64 * 1024;

/// A standard stream of a program.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

impl Stream {
    /// Writes to the same stream of this process, without an interruption by other threads.
    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Self::Err => io::stderr().write_all(bytes),
        }
    }

    fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }
}

/// Where a stream of a program is shown, and how.
#[derive(Debug)]
pub(super) struct Output<'a> {
    stream: Stream,
    terminal: bool,
    form: Form<'a>,
    /// Bytes that wait for more: the beginning of a line, or of a character.
    partial: Vec<u8>,
}

#[derive(Debug)]
enum Form<'a> {
    /// As it is; on a terminal with control characters escaped.
    Stream,
    /// Lines after this prefix.
    Lines(&'a str),
    /// JSON objects with this id, on standard output.
    Json(&'a str),
}

impl<'a> Output<'a> {
    pub(super) fn new(stream: Stream, target: &'a Target, json: bool) -> Self {
        let prefix = match stream {
            Stream::Out => &target.prefix,
            Stream::Err => &target.error_prefix,
        };
        let form = match (json, prefix.is_empty()) {
            (true, _) => Form::Json(&target.id),
            (false, true) => Form::Stream,
            (false, false) => Form::Lines(prefix),
        };
        let (terminal, partial) = (stream.is_terminal(), Vec::new());
        Self {
            stream,
            terminal,
            form,
            partial,
        }
    }

    /// Shows what the program writes, until it closes the stream or the connection is lost.
    pub(super) fn copy(mut self, mut reader: impl BufRead) -> Result<(), Failure> {
        loop {
            // How the program or the connection ended is reported elsewhere.
            let bytes = reader.fill_buf().unwrap_or_default();
            let length = bytes.len();
            let shown = match length {
                0 => self.end(),
                _ => self.push(bytes),
            };
            shown.map_err(Failure::Output)?;
            if length == 0 {
                return Ok(());
            }
            reader.consume(length);
        }
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.form {
            Form::Stream if self.terminal => {
                self.partial.extend_from_slice(bytes);
                let last = self.partial.utf8_chunks().last();
                let incomplete = last.map_or(0, |chunk| chunk.invalid().len());
                let text = self.partial.len().saturating_sub(incomplete);
                let rest = self.partial.split_off(text);
                let text = core::mem::replace(&mut self.partial, rest);
                self.show_text(&text)
            }
            Form::Stream => self.stream.write(bytes),
            Form::Lines(_) | Form::Json(_) => {
                let mut pieces = bytes.split_inclusive(|&byte| byte == b'\n');
                pieces.try_for_each(|piece| {
                    self.partial.extend_from_slice(piece);
                    // Bounded: a program that never ends its line must not make this one grow.
                    match piece.ends_with(b"\n") || self.partial.len() >= MAX_LINE {
                        true => self.show_line(),
                        false => Ok(()),
                    }
                })
            }
        }
    }

    /// Shows what still waits at the end.
    fn end(&mut self) -> io::Result<()> {
        match (&self.form, self.partial.is_empty()) {
            (_, true) => Ok(()),
            (Form::Stream, false) => {
                let text = core::mem::take(&mut self.partial);
                self.show_text(&text)
            }
            (_, false) => self.show_line(),
        }
    }

    fn show_text(&self, text: &[u8]) -> io::Result<()> {
        self.stream
            .write(escaped(&String::from_utf8_lossy(text)).as_bytes())
    }

    fn show_line(&mut self) -> io::Result<()> {
        let line = core::mem::take(&mut self.partial);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = String::from_utf8_lossy(line);
        match self.form {
            Form::Json(id) => {
                let name = match self.stream {
                    Stream::Out => "stdout",
                    Stream::Err => "stderr",
                };
                let document = escaped_json(&json!({"id": id, name: text}).to_string());
                Stream::Out.write(format!("{document}\n").as_bytes())
            }
            Form::Stream => self.stream.write(line),
            Form::Lines(prefix) => {
                let line = match self.terminal {
                    true => escaped(&text).into_bytes(),
                    false => line.to_vec(),
                };
                self.stream
                    .write(&[prefix.as_bytes(), &line, b"\n"].concat())
            }
        }
    }
}
