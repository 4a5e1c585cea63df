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
            if piece.ends_with(b"\n") || self.partial.len() >= MAX_LINE {
                self.flush();
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
}
