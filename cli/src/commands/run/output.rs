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
    /// The stream of this process that it is shown on.
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
    /// JSON objects with this id, and the line under this name.
    Json(&'a str, &'static str),
}

impl<'a> Output<'a> {
    /// JSON shows both streams on standard output.
    pub(super) fn new(stream: Stream, target: &'a Target, json: bool) -> Self {
        let (prefix, name) = match stream {
            Stream::Out => (&target.prefix, "stdout"),
            Stream::Err => (&target.error_prefix, "stderr"),
        };
        let (form, stream) = match (json, prefix.is_empty()) {
            (true, _) => (Form::Json(&target.id, name), Stream::Out),
            (false, true) => (Form::Stream, stream),
            (false, false) => (Form::Lines(prefix), stream),
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
    ///
    /// # Errors
    ///
    /// Standard output cannot be written. Standard error may be closed: the exit status remains.
    pub(super) fn copy(mut self, mut reader: impl BufRead) -> Result<(), Failure> {
        loop {
            // How the program or the connection ended is reported elsewhere.
            let bytes = reader.fill_buf().unwrap_or_default();
            let length = bytes.len();
            let shown = match length {
                0 => self.end(),
                _ => self.push(bytes),
            };
            match (shown, self.stream) {
                (Err(error), Stream::Out) => return Err(Failure::Output(error)),
                (Err(_), Stream::Err) => return Ok(()),
                (Ok(()), _) if length == 0 => return Ok(()),
                (Ok(()), _) => reader.consume(length),
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.form {
            Form::Stream if self.terminal => {
                self.partial.extend_from_slice(bytes);
                let complete = self.partial.len().saturating_sub(incomplete(&self.partial));
                let rest = self.partial.split_off(complete);
                let text = core::mem::replace(&mut self.partial, rest);
                let text = escaped(&String::from_utf8_lossy(&text));
                self.stream.write(text.as_bytes())
            }
            Form::Stream => self.stream.write(bytes),
            Form::Lines(_) | Form::Json(..) => {
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
        match self.partial.is_empty() {
            true => Ok(()),
            false => self.show_line(),
        }
    }

    fn show_line(&mut self) -> io::Result<()> {
        let line = core::mem::take(&mut self.partial);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = String::from_utf8_lossy(line);
        let shown = match self.form {
            Form::Json(id, name) => {
                let document = escaped_json(&json!({"id": id, name: text}));
                format!("{document}\n").into_bytes()
            }
            // The beginning of a character whose rest never came.
            Form::Stream => escaped(&text).into_bytes(),
            Form::Lines(prefix) if self.terminal => {
                format!("{prefix}{}\n", escaped(&text)).into_bytes()
            }
            Form::Lines(prefix) => [prefix.as_bytes(), line, b"\n"].concat(),
        };
        self.stream.write(&shown)
    }
}

/// The number of bytes at the end that are the beginning of a character.
fn incomplete(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let invalid = last.map_or(&[][..], |chunk| chunk.invalid());
    match str::from_utf8(invalid) {
        Err(error) if error.error_len().is_none() => invalid.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::incomplete;

    #[test]
    fn only_the_beginning_of_a_character_waits_for_more() {
        for (bytes, expected) in [
            (&b""[..], 0),
            (b"a", 0),
            (b"\xc3\xb6", 0),
            (b"a\xc3", 1),
            (b"\xff\xf0\x9f\x98", 3),
            (b"Gr\xfc\xdf\xff", 0),
        ] {
            assert_eq!(incomplete(bytes), expected, "{bytes:?}");
        }
    }
}
