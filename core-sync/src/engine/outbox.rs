use alloc::vec::Vec;

use crate::session::Reply;

/// Frames that wait to be written: those that are caused by who must not wait for the link. They leave with the next
/// write, whoever does it; where nobody writes, the writer thread does.
#[derive(Debug)]
pub(super) struct Outbox {
    /// What an answer to STATUS says.
    exec_model: &'static str,
    bytes: Vec<u8>,
    /// How many answers to the peer are in it.
    answers: usize,
    /// Effects this nothing more is written.
    last: bool,
}

impl Outbox {
    pub(super) fn new(exec_model: &'static str) -> Self {
        Self {
            exec_model,
            bytes: Vec::new(),
            answers: 0,
            last: false,
        }
    }

    /// Adds whole frames.
    pub(super) fn push(&mut self, frames: &[u8]) {
        self.bytes.extend_from_slice(frames);
    }

    /// Adds the frames of `reply`.
    pub(super) fn post(&mut self, reply: &Reply) {
        // It is short: it has a length that fits.
        let _ = reply.append_to(&mut self.bytes, self.exec_model);
    }

    /// One more answer is in it. Gives how many there are.
    pub(super) fn count_answer(&mut self) -> usize {
        self.answers += 1;
        self.answers
    }

    /// What is in it is the last to be written.
    pub(super) fn end(&mut self) {
        self.last = true;
    }

    /// Whether there is something to do.
    pub(super) fn is_due(&self) -> bool {
        self.last || !self.bytes.is_empty()
    }

    /// Takes what is to be written out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.answers = 0;
        core::mem::take(&mut self.bytes)
    }

    /// Whether what was taken is the last.
    pub(super) fn is_last(&self) -> bool {
        self.last
    }
}
