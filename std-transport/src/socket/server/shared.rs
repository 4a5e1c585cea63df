//! The state that the accepting thread, the threads of connections and the handles of a server share.

use alloc::sync::Arc;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::mpsc::Sender;

use super::auth::Auth;
use super::{ServerEvent, ServerOptions};
use crate::command::Launch;
use crate::peer::WorkerHandle as _;
use crate::process::Process;
use crate::socket::greeting::Refusal;
use crate::sync::{Condvar, Mutex};
use crate::sys::{Endpoint, StopWriter};

/// How long killed workers may take to die when a server stops.
const KILL_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: ServerOptions,
    pub(super) launches: Vec<Launch>,
    auth: Mutex<Arc<Auth>>,
    /// `None` once the server has stopped.
    events: Mutex<Option<Sender<ServerEvent>>>,
    state: Mutex<State>,
    /// A connection has ended.
    ended: Condvar,
    /// The accepting thread polls the other end of this pipe: dropping this one stops it.
    stop: Mutex<Option<StopWriter>>,
}

#[derive(Debug, Default)]
struct State {
    /// Served connections by number, with their process once it runs.
    active: HashMap<u64, Option<Arc<Process>>>,
    next: u64,
    stopping: bool,
    /// The file of a Unix socket; `None` once the server stops.
    endpoint: Option<Endpoint>,
}

impl Shared {
    pub(super) fn new(
        auth: Auth,
        mut options: ServerOptions,
        launches: Vec<Launch>,
        endpoint: Option<Endpoint>,
        stop: StopWriter,
    ) -> Self {
        let state = State {
            endpoint,
            ..State::default()
        };
        Self {
            auth: Mutex::new(Arc::new(auth)),
            events: Mutex::new(options.events.take()),
            options,
            launches,
            state: Mutex::new(state),
            ended: Condvar::default(),
            stop: Mutex::new(Some(stop)),
        }
    }

    pub(super) fn auth(&self) -> Arc<Auth> {
        Arc::clone(&self.auth.lock())
    }

    /// Replaces how clients authenticate. Returns false if `auth` is of another kind.
    pub(super) fn replace_auth(&self, auth: Auth) -> bool {
        let mut current = self.auth.lock();
        let is_same = auth.is_same_kind(&current);
        if is_same {
            *current = Arc::new(auth);
        }
        is_same
    }

    pub(super) fn emit(&self, event: ServerEvent) {
        if let Some(events) = &*self.events.lock() {
            // Fails if the program has dropped the receiver.
            let _ = events.send(event);
        }
    }

    /// Reports that a client which has authenticated got no worker.
    pub(super) fn emit_refused(&self, peer: &str, refusal: &Refusal) {
        self.emit(ServerEvent::Refused {
            peer: peer.to_owned(),
            reason: refusal.to_string(),
        });
    }

    /// Ends the program's stream of events.
    pub(super) fn close_events(&self) {
        *self.events.lock() = None;
    }

    /// Stops the accepting thread, which then kills the workers too.
    pub(super) fn stop(&self) {
        *self.stop.lock() = None;
    }

    /// Removes the file of a Unix socket.
    pub(super) fn remove_endpoint(&self) {
        let endpoint = self.state.lock().endpoint.take();
        drop(endpoint);
    }

    /// Kills all workers and waits a limited time for their connections to end. No connection is served afterwards.
    pub(super) fn kill_workers(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        // Before the wait: a program that stops its server may exit without waiting for this thread.
        drop(state.endpoint.take());
        let processes: Vec<_> = state.active.values().flatten().cloned().collect();
        drop(state);
        // All are signalled before the first wait. A connection whose process is not registered yet finds `stopping`
        // set when it registers it, and kills it itself.
        processes.iter().for_each(|process| process.signal_kill());
        let has_process = |state: &mut State| state.active.values().any(Option::is_some);
        let state = self.state.lock();
        drop(self.ended.wait_while(state, KILL_TIMEOUT, has_process));
    }

    /// A number for one more served connection; `None` if the limit is reached or the server stops.
    fn reserve(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.stopping || state.active.len() >= self.options.max_connections {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.active.insert(number, None);
        Some(number)
    }

    fn release(&self, number: u64) {
        let process = self.state.lock().active.remove(&number);
        // Not under the lock: dropping the last handle of a process waits for its end.
        drop(process);
        self.ended.notify_all();
    }
}

/// The place of a connection among those that are served. Dropping it gives the place back, after a panic too.
pub(super) struct Slot {
    pub(super) shared: Arc<Shared>,
    number: u64,
}

impl Slot {
    /// `None` if no more connections may be served.
    pub(super) fn reserve(shared: &Arc<Shared>) -> Option<Self> {
        let number = shared.reserve()?;
        let shared = Arc::clone(shared);
        Some(Self { shared, number })
    }

    /// Registers the process of the connection. If the server stops, kills it and returns false.
    pub(super) fn register(&self, process: &Arc<Process>) -> bool {
        // The process and the look at `stopping` under one lock: `kill_workers` either finds the process, or was there
        // before and has set `stopping`.
        let mut state = self.shared.state.lock();
        state.active.insert(self.number, Some(Arc::clone(process)));
        let stopping = state.stopping;
        drop(state);
        if stopping {
            process.kill();
        }
        !stopping
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.release(self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::thread;

    use super::super::{Listen, Server, Token};
    use super::*;

    #[test]
    fn a_panic_gives_the_place_of_its_connection_back() {
        let options = ServerOptions::new().with_max_connections(1);
        let listen = Listen::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            token: Token::generate().unwrap(),
        };
        let server = Server::bind(listen, options).unwrap();
        let slot = Slot::reserve(&server.shared).unwrap();
        assert!(Slot::reserve(&server.shared).is_none());
        let ended = thread::spawn(move || {
            let _slot = slot;
            // Does not call the panic hook, which would print.
            std::panic::resume_unwind(Box::new(()));
        });
        ended.join().unwrap_err();
        assert!(Slot::reserve(&server.shared).is_some());
    }
}
