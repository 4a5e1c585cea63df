//! How a thread that waits for a link is interrupted: a flag, and a byte in a pipe.
//!
//! It is apart from the system calls so that the models of `tests/loom` run this very code, with a pipe of their own.
#![cfg_attr(
    not(loom),
    allow(
        unreachable_pub,
        reason = "only the models of loom use it from outside"
    )
)]

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

/// What a [`Poller`] found readable.
#[derive(Debug, Clone, Copy)]
pub struct Readable {
    /// The link: bytes, its end, or an error.
    pub link: bool,
    /// The wake-up pipe.
    pub wake: bool,
}

/// The [`PollReader`] of what can be polled.
///
/// ```text
///               interrupt: swap            interrupt: write
///   flag false, ─────────────▶ flag true, ─────────────────▶ flag true, ──▶ poll returns
///   pipe empty                 pipe empty                    one byte          │
///       ▲                                                                      │
///       └───────── wait: swap ────── flag true, pipe empty ◀── wait: read ─────┘
/// ```
///
/// An interrupt that finds the flag set writes nothing: a byte is in the pipe or on its way there, or the waiter has
/// taken it and is about to return. In each case that wait, or the next one, returns after the interrupt.
#[derive(Debug)]
pub struct Interruptible<P> {
    pub(super) poller: P,
    /// An interrupt is pending. While it is false the pipe is empty, so that the pipe never holds more than one byte.
    pending: AtomicBool,
}

impl<P: Poller> Interruptible<P> {
    /// Over what can be polled.
    pub fn new(poller: P) -> Self {
        let pending = AtomicBool::new(false);
        Self { poller, pending }
    }

    fn take_wake(&self) -> io::Result<()> {
        // The byte first. The other way round, an interrupt in between would set the flag and write a byte that this read
        // takes too: the flag would stay set over an empty pipe, and no later interrupt would write.
        let taken = self.poller.read_wake();
        // Acquire what the interrupts that wrote nothing have released: the caller looks at it after this wait.
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
        // Release what was changed before to the waiter that takes the flag back.
        if !self.pending.swap(true, Ordering::AcqRel) {
            self.poller.write_wake();
        }
    }
}
