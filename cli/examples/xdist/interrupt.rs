//! The signals that end a run: Ctrl-C and SIGTERM.

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::AtomicBool;
use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::event::Event;

/// Makes an event of the first signal; the second ends this program at once.
pub(crate) fn forward(events: Sender<(usize, Event)>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM] {
        let again = Arc::new(AtomicBool::new(false));
        // In this order: the flag is not set yet when the first signal is handled.
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
        flag::register(signal, again)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                // Of no worker. The run may be over.
                let _ = events.send((usize::MAX, Event::Interrupted(signal)));
            }
        })?;
    Ok(())
}
