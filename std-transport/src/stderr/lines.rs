//! Splits a standard error into lines.

use super::{Sink, Stderr};

/// Maximum length of a line in bytes. A longer one is passed on as several.
const MAX_LINE: usize = 64 * 1024;

/// Splits a stream into lines.
#[derive(Debug)]
pub(super) struct LineSplitter {
    id: String,
    policy: Stderr,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl Sink for LineSplitter {
    fn push(&mut self, bytes: &[u8]) {
        // The lines go nowhere, and the tail keeps the bytes.
        if matches!(self.policy, Stderr::Capture) {
            return;
        }
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            // Bounded: a worker that never ends its line must not make this program grow.
            if piece.ends_with(b"\n") {
                self.flush();
            } else if self.partial.len() >= MAX_LINE {
                let rest = self.partial.split_off(complete(&self.partial));
                self.flush();
                self.partial = rest;
            }
        }
    }

    fn shows(&self) -> bool {
        matches!(self.policy, Stderr::Inherit)
    }

    /// The last line may lack its line end.
    fn end(&mut self) {
        if !self.partial.is_empty() {
            self.flush();
        }
    }
}

impl LineSplitter {
    pub(super) fn new(id: &str, policy: &Stderr) -> Self {
        Self {
            id: id.to_owned(),
            policy: policy.clone(),
            partial: Vec::new(),
        }
    }

    fn flush(&mut self) {
        let line = self.partial.strip_suffix(b"\n").unwrap_or(&self.partial);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.policy.pass_on(&self.id, line);
        self.partial.clear();
    }
}

/// The length without the beginning of a character at the end.
fn complete(text: &[u8]) -> usize {
    match str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;
    use crate::sync::Mutex;

    #[test]
    fn lines_are_cut_at_their_ends_and_where_they_are_too_long() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let policy = Stderr::callback(move |id, line| sink.lock().push(format!("{id} {line}")));
        let mut lines = LineSplitter::new("gw7", &policy);
        lines.push(b"one\ntw");
        lines.push(b"o\r\n\n");
        lines.push(&[b'x'; MAX_LINE]);
        lines.push(b"\xff");
        lines.end();
        let long = format!("gw7 {}", "x".repeat(MAX_LINE));
        let expected = ["gw7 one", "gw7 two", "gw7 ", &long, "gw7 \u{fffd}"];
        assert_eq!(*seen.lock(), expected);
    }

    /// The pieces had U+FFFD at their ends.
    #[test]
    fn a_long_line_is_cut_between_characters() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let policy = Stderr::callback(move |_, line| sink.lock().push(line.to_owned()));
        let mut lines = LineSplitter::new("gw7", &policy);
        let text = format!("x{}", "\u{f6}".repeat(MAX_LINE));
        for bytes in text.as_bytes().chunks(1000) {
            lines.push(bytes);
        }
        lines.end();
        let seen = seen.lock();
        assert!(
            seen.len() > 1 && seen.concat() == text,
            "{} lines",
            seen.len()
        );
    }
}
