//! A prompt on the terminal, as far as signals concern it.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::OnceLock;

use execnet::Channel;

/// Interrupts go to the code that was typed, and at the end the terminal is as it was: the process can end while a line
/// is edited.
#[derive(Debug)]
pub(crate) struct Prompt {
    interrupts: OnceLock<Channel>,
    running: AtomicBool,
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
}

impl Prompt {
    /// Notes the modes of the terminal, if standard input is one.
    pub(crate) fn new() -> Self {
        Self {
            interrupts: OnceLock::new(),
            running: AtomicBool::new(false),
            #[cfg(unix)]
            modes: rustix::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Sets the channel on which an item is sent for each interrupt.
    pub(crate) fn set_interrupts(&self, channel: Channel) {
        // Only the first one counts.
        let _ = self.interrupts.set(channel);
    }

    /// Notes whether code runs; else a line is awaited.
    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Interrupts the code. Returns false if none runs.
    pub(crate) fn interrupt(&self) -> bool {
        let channel = self.interrupts.get().filter(|_| self.is_running());
        channel.is_some_and(|channel| channel.send(true).is_ok())
    }

    /// Sets the modes that the terminal had at first.
    pub(crate) fn restore_terminal(&self) {
        #[cfg(unix)]
        if let Some(modes) = &self.modes {
            // Fails if the terminal is gone.
            let _ = rustix::termios::tcsetattr(
                std::io::stdin(),
                rustix::termios::OptionalActions::Now,
                modes,
            );
        }
    }
}
