//! What may end a run from outside: its time is over, or a signal came.

use core::time::Duration;
use std::io::{self, Write as _};
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};

use crate::failure::{TIMED_OUT, signalled};

/// Ends this process in place of a command that waits: calls its `kill`, then exits with the status
/// that tells why.
///
/// It does so while the command is stuck in start-up, in sending to a stopped peer or in printing
/// to a stopped reader. Dropped, it stands down.
#[derive(Debug)]
pub(crate) struct Watch {
    events: Sender<Event>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Event {
    Signal(u8),
    StandDown,
}

impl Watch {
    /// Watches for signals, and for the end of `timeout`.
    pub(crate) fn start(
        timeout: Option<Duration>,
        kill: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (events, received) = mpsc::channel();
        signals::forward(events.clone())?;
        let watcher = thread::Builder::new()
            .name("execnet-watch".into())
            .spawn(move || {
                if let Some((status, reason)) = wait(&received, timeout) {
                    kill();
                    // Standard error may be closed; the status tells it too.
                    let _ = writeln!(io::stderr(), "execnet: {reason}");
                    process::exit(status.into());
                }
            })?;
        Ok(Self {
            events,
            watcher: Some(watcher),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The watcher is gone only if it panicked; joining shows that.
        let _ = self.events.send(Event::StandDown);
        if let Some(Err(panic)) = self.watcher.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The exit status and what to tell, or None when the command ended by itself.
fn wait(events: &Receiver<Event>, timeout: Option<Duration>) -> Option<(u8, String)> {
    let event = match timeout {
        Some(timeout) => events.recv_timeout(timeout),
        None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match event {
        Ok(Event::Signal(number)) => Some((signalled(number), "interrupted".into())),
        Err(RecvTimeoutError::Timeout) => Some((
            TIMED_OUT,
            format!("timed out after {:?}", timeout.unwrap_or_default()),
        )),
        Ok(Event::StandDown) | Err(RecvTimeoutError::Disconnected) => None,
    }
}

#[cfg(unix)]
mod signals {
    use std::io;
    use std::sync::mpsc::Sender;
    use std::thread;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::Event;

    /// Sends an event for the first of the signals that end a program on purpose.
    ///
    /// SIGHUP keeps its default action, so that nohup works; the worker then sees the end of its
    /// input and leaves.
    pub(super) fn forward(events: Sender<Event>) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new()
            .name("execnet-signals".into())
            .spawn(move || {
                if let Some(number) = signals
                    .forever()
                    .find_map(|signal| u8::try_from(signal).ok())
                {
                    // Nobody listens any more when the command has just ended by itself.
                    let _ = events.send(Event::Signal(number));
                }
            })?;
        Ok(())
    }
}

#[cfg(not(unix))]
mod signals {
    use std::io;
    use std::sync::mpsc::Sender;

    use super::Event;

    /// Signals keep their default action here; the worker then sees the end of its input and
    /// leaves.
    #[allow(clippy::unnecessary_wraps, clippy::needless_pass_by_value)]
    pub(super) fn forward(_events: Sender<Event>) -> io::Result<()> {
        Ok(())
    }
}
