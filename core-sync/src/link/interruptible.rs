//! How a thread that waits for a link is interrupted: a flag, and a byte in a pipe.
//!
//! The system calls are elsewhere, so that the models of `tests/loom` run this very code, with a pipe of their own.

use core::time::Duration;
use std::io;

use super::{PollReader, Ready};
use crate::sync::atomic::{AtomicBool, Ordering};

/// The link and the wake-up pipe, as the protocol of [`Interruptible`] uses them.
pub trait Poller: Send + Sync {
    /// Waits until the link or the wake-up pipe is readable, or for no longer than `timeout`. It may return early.
    ///
    /// # Errors
    ///
    /// The link cannot be polled, or there is no wake-up pipe.
    fn poll(&self, timeout: Option<Duration>) -> io::Result<Readable>;

    /// Puts a byte into the wake-up pipe.
    fn write_wake(&self);

    /// Takes the byte out of the wake-up pipe, which is readable.
    ///
    /// # Errors
    ///
    /// The pipe is broken.
    fn read_wake(&self) -> io::Result<()>;
}

/// What a [`Poller`] has found readable.
#[derive(Debug, Clone, Copy)]
pub struct Readable {
    /// The link: bytes, its end, or an error.
    pub link: bool,
    /// The wake-up pipe.
    pub wake: bool,
}

/// The [`PollReader`] over a link that can be polled together with a wake-up pipe, as files of the system can.
///
/// It ensures that no interrupt is lost and that the pipe never fills up:
///
/// ```text
///               interrupt: swap            interrupt: write
///   flag false, ─────────────▶ flag true, ─────────────────▶ flag true, ──▶ poll returns
///   pipe empty                 pipe empty                    one byte          │
///       ▲                                                                      │
///       └───────── wait: swap ────── flag true, pipe empty ◀── wait: read ─────┘
/// ```
///
/// An interrupt that finds the flag set writes nothing: the byte is in the pipe or about to be written, or the waiter
/// has taken it and is about to return. In each case that wait, or the next one, returns after the interrupt.
#[derive(Debug)]
pub struct Interruptible<P> {
    poller: P,
    /// An interrupt is pending. While this is false the pipe is empty, so that the pipe never holds more than one byte.
    pending: AtomicBool,
}

impl<P: Poller> Interruptible<P> {
    /// Waits by this poller.
    pub fn new(poller: P) -> Self {
        let pending = AtomicBool::new(false);
        Self { poller, pending }
    }

    fn take_wake(&self) -> io::Result<()> {
        // The byte first. In the other order, an interrupt between the two steps would set the flag and write a byte
        // that this read takes as well: the flag would stay set with an empty pipe, and no later interrupt would write.
        let taken = self.poller.read_wake();
        // Acquires what the interrupts that wrote nothing have released: the caller of `wait` looks at it next.
        self.pending.swap(false, Ordering::AcqRel);
        taken
    }
}

impl<P: Poller> PollReader for Interruptible<P> {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        let readable = self.poller.poll(timeout)?;
        if readable.wake {
            self.take_wake()?;
        }
        Ok(if readable.link {
            Ready::Read
        } else {
            Ready::Interrupted
        })
    }

    fn interrupt(&self) {
        // Releases what this thread has changed before to the waiter, which clears the flag.
        if !self.pending.swap(true, Ordering::AcqRel) {
            self.poller.write_wake();
        }
    }
}
