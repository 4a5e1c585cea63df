//! Ends a command on a timeout or a signal.
//!
//! The first of these starts the shutdown, in which remote code has its grace time; the next one kills. All of it runs in
//! threads of its own, because the command may be blocked: in start-up, on sending to a stopped peer, on printing to a
//! stopped reader.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::process;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::failure::{KILLED, TIMED_OUT, signalled};
use crate::messages;

/// How long a command may take to print the items it has received, after all workers have exited.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// SIGINT.
const INTERRUPT: u8 = 2;

/// How to end what a command has started.
pub(crate) trait Shutdown: Send + Sync + 'static {
    /// Whether SIGHUP, which a closed terminal sends, ends the command.
    const HANGUP: bool = true;

    /// Handles SIGINT. If this returns false, it ends the command.
    fn interrupt(&self) -> bool {
        false
    }

    /// Ends it, after its grace time at the latest. Reports what was killed, and returns whether something was.
    fn shut_down(&self) -> bool;

    /// Kills it, while another thread may be in [`shut_down`](Self::shut_down). Reports and returns the same.
    fn kill(&self) -> bool;
}

/// Ends this process on a timeout or a signal, with the exit status of that. Dropping it stops the watch; once the
/// shutdown has started, dropping it waits for the end of the process instead.
#[derive(Debug)]
pub(crate) struct Watch {
    events: Sender<Event>,
    shutting_down: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Event {
    Signal(u8),
    TimedOut,
    /// The command has done its work and shuts down its workers.
    Grace,
    /// The workers have exited; whether some were killed.
    Ended(bool),
    /// The command has printed everything.
    StandDown,
}

impl Watch {
    /// Watches for signals and for the end of `timeout`.
    pub(crate) fn start<E: Shutdown>(
        timeout: Option<Duration>,
        target: Arc<E>,
    ) -> io::Result<Self> {
        let (events, received) = mpsc::channel();
        signals::forward(events.clone(), E::HANGUP)?;
        let shutting_down = Arc::new(AtomicBool::new(false));
        let watcher = Watcher {
            // A deadline that the clock cannot represent is never reached.
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            timeout: timeout.unwrap_or_default(),
            events: events.clone(),
            received,
            shutting_down: Arc::clone(&shutting_down),
            target,
        };
        let watcher = thread::Builder::new()
            .name("execnet-watch".into())
            .spawn(move || watcher.run())?;
        Ok(Self {
            events,
            shutting_down,
            watcher: Some(watcher),
        })
    }

    /// The command shuts down its workers by itself: from now on the first signal or timeout kills.
    pub(crate) fn start_grace(&self) {
        // Fails only if the watcher panicked, which `drop` passes on.
        let _ = self.events.send(Event::Grace);
    }

    /// Whether a timeout or a signal has started the shutdown.
    pub(crate) fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Fails only if the watcher panicked, which joining it shows.
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
    shutting_down: Arc<AtomicBool>,
    target: Arc<E>,
}

impl<E: Shutdown> Watcher<E> {
    fn run(mut self) {
        // `cause` is the exit status once the shutdown has begun. From then on this thread ends the process, and no
        // other does.
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
                (Event::Signal(INTERRUPT), None) if !grace && self.target.interrupt() => {}
                (event, before) => {
                    let status = before.unwrap_or_else(|| self.begin(&event));
                    cause = Some(status);
                    // The second request, or the first while the command shuts down by itself: it has waited long
                    // enough.
                    if grace || before.is_some() {
                        exit(if self.target.kill() { KILLED } else { status });
                    }
                    self.spawn_shutdown();
                }
            }
        }
    }

    /// The next event. The timeout is reported once.
    fn next(&mut self) -> Event {
        let event = match self.deadline {
            Some(deadline) => {
                let remaining = deadline.saturating_duration_since(Instant::now());
                self.received.recv_timeout(remaining)
            }
            None => self
                .received
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected),
        };
        event.unwrap_or_else(|error| match error {
            RecvTimeoutError::Timeout => {
                // Otherwise the timeout, which has passed, would be reported each time.
                self.deadline = None;
                Event::TimedOut
            }
            RecvTimeoutError::Disconnected => Event::StandDown,
        })
    }

    /// Prints why this process ends, and returns its exit status.
    fn begin(&mut self, event: &Event) -> u8 {
        self.shutting_down.store(true, Ordering::Relaxed);
        self.deadline = None;
        let (status, reason) = match event {
            Event::Signal(number) => (signalled(*number), "interrupted".to_owned()),
            _ => (TIMED_OUT, format!("timed out after {:?}", self.timeout)),
        };
        messages::print(&reason);
        status
    }

    /// Shuts down in another thread, because this one has to receive the next signal.
    fn spawn_shutdown(&self) {
        let (target, events) = (Arc::clone(&self.target), self.events.clone());
        let shut_down = move || drop(events.send(Event::Ended(target.shut_down())));
        let thread = thread::Builder::new().name("execnet-shutdown".into());
        if thread.spawn(shut_down).is_err() {
            // Here then: a second signal is handled late, but it is not lost.
            let _ = self.events.send(Event::Ended(self.target.shut_down()));
        }
    }

    /// Lets the command print the last items, unless the reader of its output is stopped.
    fn wait_for_command(&self) {
        while let Ok(event) = self.received.recv_timeout(OUTPUT_GRACE) {
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

    /// Sends an event for each SIGINT, SIGTERM and SIGQUIT, and with `hangup` for each SIGHUP.
    ///
    /// SIGHUP and SIGQUIT stay ignored if they were when the program started: under nohup, or in the background of a
    /// shell.
    pub(super) fn forward(events: Sender<Event>, hangup: bool) -> io::Result<()> {
        let wanted = [(SIGHUP, hangup), (SIGQUIT, true)].into_iter();
        let of_terminal = wanted.filter(|&(signal, wanted)| wanted && !is_ignored(signal));
        let of_terminal = of_terminal.map(|(signal, _)| signal);
        let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(of_terminal))?;
        thread::Builder::new()
            .name("execnet-signals".into())
            // Not joined: it waits for signals until the process ends.
            .spawn(move || {
                for number in signals.forever().flat_map(u8::try_from) {
                    // Fails if the command has just ended by itself.
                    let _ = events.send(Event::Signal(number));
                }
            })?;
        Ok(())
    }

    /// Whether the program was started with this signal ignored. On systems without `/proc` it counts as ignored, which
    /// leaves its action alone.
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

    use super::{Event, INTERRUPT};

    /// Sends an event for each Ctrl-C and Ctrl-Break, and when the console is closed.
    pub(super) fn forward(events: Sender<Event>, _hangup: bool) -> io::Result<()> {
        let interrupted = move || {
            // Fails if the command has just ended by itself.
            let _ = events.send(Event::Signal(INTERRUPT));
        };
        ctrlc::set_handler(interrupted).map_err(io::Error::other)
    }
}
