//! What ends a run from outside: its time is over, or a signal came.
//!
//! The first of these begins the end, in which remote code has its grace; the next one kills. All of it happens in
//! threads of its own, because the command may be stuck: in start-up, in sending to a stopped peer, in printing to a
//! stopped reader.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Write as _};
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::failure::{KILLED, TIMED_OUT, signalled};

/// How long a command may take to print the last that came, after all its workers have ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How what a command has started is ended.
pub(crate) trait Ending: Send + Sync + 'static {
    /// Whether SIGHUP ends it: its terminal was closed.
    const HANGUP: bool = true;

    /// Ends it, and gives it the time that it is to have. Tells what had to be killed; true if something had.
    fn end(&self) -> bool;

    /// Ends it at once, while another thread may be in [`end`](Self::end). Tells, as that does.
    fn kill(&self) -> bool;
}

/// Ends this process in place of its command, with the status that tells why. Dropped, it stands down, unless the end
/// has begun: then this process ends there.
#[derive(Debug)]
pub(crate) struct Watch {
    events: Sender<Event>,
    began: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Event {
    Signal(u8),
    TimedOut,
    /// The command has done its work, and gives its workers their grace.
    Grace,
    /// The workers have ended; true if some had to be killed.
    Ended(bool),
    /// The command has nothing more to do or to print.
    StandDown,
}

impl Watch {
    /// Watches for signals, and for the end of `timeout`.
    pub(crate) fn start<E: Ending>(timeout: Option<Duration>, ending: Arc<E>) -> io::Result<Self> {
        let (events, received) = mpsc::channel();
        signals::forward(events.clone(), E::HANGUP)?;
        let began = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            // A time beyond the clock never comes.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            timeout: timeout.unwrap_or_default(),
            events: events.clone(),
            received,
            began: Arc::clone(&began),
            ending,
        };
        let watcher = thread::Builder::new()
            .name("execnet-watch".into())
            .spawn(move || watcher.run())?;
        Ok(Self {
            events,
            began,
            watcher: Some(watcher),
        })
    }

    /// From now on what would begin the end kills: the workers are given their grace already.
    pub(crate) fn grace_begins(&self) {
        // Without the watcher nothing ends this process from outside: dropping this shows it.
        let _ = self.events.send(Event::Grace);
    }

    /// Whether this process is being ended from outside.
    pub(crate) fn has_begun(&self) -> bool {
        self.began.load(Ordering::Relaxed)
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

struct Watcher<E> {
    deadline: Option<Instant>,
    timeout: Duration,
    events: Sender<Event>,
    received: Receiver<Event>,
    began: Arc<AtomicBool>,
    ending: Arc<E>,
}

impl<E: Ending> Watcher<E> {
    fn run(mut self) {
        let (mut grace, mut done, mut cause) = (false, false, None);
        loop {
            match (self.next(), cause) {
                (Event::Grace, _) => grace = true,
                (Event::StandDown, None) => return,
                (Event::StandDown, Some(_)) => done = true,
                (Event::Ended(killed), Some(status)) => {
                    if !done {
                        self.wait_for_command();
                    }
                    exit(if killed { KILLED } else { status });
                }
                (Event::Ended(_), None) => {}
                (event, before) => {
                    let status = before.unwrap_or_else(|| self.begin(&event));
                    cause = Some(status);
                    if grace || before.is_some() {
                        exit(if self.ending.kill() { KILLED } else { status });
                    }
                    self.end_beside();
                }
            }
        }
    }

    /// The next event; that the time is over comes once.
    fn next(&mut self) -> Event {
        let event = match self.deadline {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.received.recv_timeout(left)
            }
            None => self
                .received
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        event.unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => {
                self.deadline = None;
                Event::TimedOut
            }
            RecvTimeoutError::Disconnected => Event::StandDown,
        })
    }

    /// Tells why this process ends; the status that says so.
    fn begin(&mut self, event: &Event) -> u8 {
        self.began.store(true, Ordering::Relaxed);
        self.deadline = None;
        let (status, reason) = match event {
            Event::Signal(number) => (signalled(*number), "interrupted".to_owned()),
            _ => (TIMED_OUT, format!("timed out after {:?}", self.timeout)),
        };
        // Standard error may be closed; the status tells it too.
        let _ = writeln!(io::stderr(), "execnet: {reason}");
        status
    }

    /// In a thread of its own, so that this one hears of the next signal.
    fn end_beside(&self) {
        let (ending, events) = (Arc::clone(&self.ending), self.events.clone());
        let end = move || drop(events.send(Event::Ended(ending.end())));
        let thread = thread::Builder::new().name("execnet-end".into());
        if thread.spawn(end).is_err() {
            let _ = self.events.send(Event::Ended(self.ending.end()));
        }
    }

    /// What the workers have sent last is printed, unless the reader of it does not read.
    fn wait_for_command(&self) {
        while let Ok(event) = self.received.recv_timeout(LAST_WORDS) {
            if matches!(event, Event::StandDown | Event::Signal(_)) {
                return;
            }
        }
    }
}

fn exit(status: u8) -> ! {
    process::exit(status.into())
}

#[cfg(unix)]
mod signals {
    use core::ffi::c_int;
    use std::sync::mpsc::Sender;
    use std::{fs, io, thread};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::Event;

    /// Sends an event for each of the signals that end a program on purpose, or as its terminal is closed (SIGHUP).
    ///
    /// A program that was started with SIGHUP or SIGQUIT ignored, under nohup or in the background of a shell, still
    /// ignores them.
    pub(super) fn forward(events: Sender<Event>, hangup: bool) -> io::Result<()> {
        let wanted = [(SIGHUP, hangup), (SIGQUIT, true)].into_iter();
        let of_terminal = wanted.filter(|&(signal, wanted)| wanted && !is_ignored(signal));
        let of_terminal = of_terminal.map(|(signal, _)| signal);
        let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(of_terminal))?;
        thread::Builder::new()
            .name("execnet-signals".into())
            .spawn(move || {
                for number in signals.forever().flat_map(u8::try_from) {
                    // Nobody listens any more when the command has just ended by itself.
                    let _ = events.send(Event::Signal(number));
                }
            })?;
        Ok(())
    }

    /// Whether this program was started with this signal ignored. Where the system does not tell, it counts as ignored,
    /// and keeps its action.
    fn is_ignored(signal: c_int) -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
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
    pub(super) fn forward(_events: Sender<Event>, _hangup: bool) -> io::Result<()> {
        Ok(())
    }
}
