//! The output of programs on standard output and standard error.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{self, BufRead, IsTerminal as _, Write};

use serde_json::json;

use crate::escape::{escaped, escaped_json};
use crate::failure::Failure;
use crate::targets::Target;

/// Maximum length of a line in bytes that is shown as a whole. A longer one is shown in pieces.
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
        self.locked(|out| out.write_all(bytes))
    }

    fn locked(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                write(&mut out)?;
                out.flush()
            }
            Self::Err => write(&mut io::stderr().lock()),
        }
    }

    /// Writes a piece of a line after the prefix of its target.
    ///
    /// The prefix of a line is written once, unless lines of other targets come between its pieces: those end it, and the
    /// next piece begins a line of its own.
    fn write_piece(self, prefix: &str, text: &[u8], part: Part) -> io::Result<()> {
        let open = match self {
            Self::Out => &OPEN_OUT,
            Self::Err => &OPEN_ERR,
        };
        // Relaxed: the lock of the stream orders the threads.
        self.locked(|out| {
            let before = open.load(Ordering::Relaxed);
            let follows = part.follows && before == part.output;
            if part.follows && !part.continues && !follows && text.is_empty() {
                // Lines of other targets have ended the line already.
                return Ok(());
            }
            let mut line = Vec::with_capacity(prefix.len() + text.len() + 2);
            if !follows {
                line.extend((before != 0).then_some(b'\n'));
                line.extend_from_slice(prefix.as_bytes());
            }
            line.extend_from_slice(text);
            line.extend((!part.continues).then_some(b'\n'));
            let after = if part.continues { part.output } else { 0 };
            open.store(after, Ordering::Relaxed);
            out.write_all(&line)
        })
    }

    fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }
}

/// The number of the output whose line on standard output has not ended yet, or 0.
static OPEN_OUT: AtomicUsize = AtomicUsize::new(0);
/// The same for standard error.
static OPEN_ERR: AtomicUsize = AtomicUsize::new(0);
/// The number of the next output.
static NEXT: AtomicUsize = AtomicUsize::new(1);

/// The place of a piece in its line.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// The number of the output.
    output: usize,
    /// A piece of the line is shown already.
    follows: bool,
    /// Another piece comes.
    continues: bool,
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
    /// A piece of the current line is shown already.
    follows: bool,
    number: usize,
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
            follows: false,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
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
                    match piece.ends_with(b"\n") {
                        true => self.show_rest(),
                        false if self.partial.len() >= MAX_LINE => self.show_beginning(),
                        false => Ok(()),
                    }
                })
            }
        }
    }

    /// Shows what still waits at the end.
    fn end(&mut self) -> io::Result<()> {
        match self.partial.is_empty() && !self.follows {
            true => Ok(()),
            false => self.show_rest(),
        }
    }

    /// Shows the line as far as it has come, without the beginning of a character.
    fn show_beginning(&mut self) -> io::Result<()> {
        let complete = self.partial.len().saturating_sub(incomplete(&self.partial));
        let rest = self.partial.split_off(complete);
        let line = core::mem::replace(&mut self.partial, rest);
        self.show(&line, true)
    }

    fn show_rest(&mut self) -> io::Result<()> {
        let line = core::mem::take(&mut self.partial);
        self.show(line.strip_suffix(b"\n").unwrap_or(&line), false)
    }

    fn show(&mut self, line: &[u8], continues: bool) -> io::Result<()> {
        let follows = core::mem::replace(&mut self.follows, continues);
        let part = Part {
            output: self.number,
            follows,
            continues,
        };
        let text = String::from_utf8_lossy(line);
        match self.form {
            Form::Json(id, name) => {
                let mut document = json!({"id": id, name: text});
                if continues {
                    document["continued"] = true.into();
                }
                let document = escaped_json(&document);
                self.stream.write(format!("{document}\n").as_bytes())
            }
            // The beginning of a character whose rest never came.
            Form::Stream => self.stream.write(escaped(&text).as_bytes()),
            Form::Lines(prefix) if self.terminal => {
                let text = escaped(&text);
                self.stream.write_piece(prefix, text.as_bytes(), part)
            }
            Form::Lines(prefix) => self.stream.write_piece(prefix, line, part),
        }
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
