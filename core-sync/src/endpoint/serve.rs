//! Calls of the peer, which an endpoint runs in the thread that serves.

use alloc::vec::Vec;

use execnet_serializer::{ChannelId, LoadOptions};

use super::{Endpoint, EndpointChannel, EndpointState};
use crate::disconnected::Disconnected;
use crate::memory;
use crate::session::NO_MEMORY;
use crate::worker;

/// The functions that an endpoint serves, by name.
pub type Functions = worker::Functions<EndpointChannel>;

impl Endpoint {
    /// Runs the calls of the peer, one at a time, until the peer exits the gateway or the link ends; then closes the link.
    ///
    /// A call is refused while the channel of an earlier one is open, as in execnet's model `main_thread_only`. If the
    /// peer has closed the channel of the earlier call, the new one waits for it to return. A panic of a function is
    /// not caught.
    ///
    /// # Errors
    ///
    /// The link failed, or the peer broke the protocol.
    pub fn serve(&self, functions: &Functions) -> Result<(), Disconnected> {
        let next = |state: &mut EndpointState| {
            let call = state.next_call();
            // The end comes after the calls: those that were accepted before it still run.
            (call.is_some() || !state.lifecycle.receives()).then_some(call)
        };
        while let Some((id, payload)) = self.wait_for(next) {
            self.run(functions, id, payload);
        }
        // The last frames of the functions, before the stage ends in which they may be sent.
        self.flush_behind_others();
        let lost = {
            let mut state = self.inner.state.lock();
            state.lifecycle.end();
            state.lifecycle.disconnect_reason()
        };
        self.close_output();
        match lost.reason().is_clean() {
            true => Ok(()),
            false => Err(lost),
        }
    }

    /// Runs the calls of the peer that have been read: for programs that [poll](Self::poll). Returns whether there was any.
    ///
    /// It does not wait for calls, but the functions may wait. Calls are refused as by [`serve`](Self::serve).
    pub fn serve_pending(&self, functions: &Functions) -> bool {
        let mut called = false;
        loop {
            let next = self.inner.state.lock().next_call();
            let Some((id, payload)) = next else {
                return called;
            };
            self.run(functions, id, payload);
            called = true;
        }
    }

    fn run(&self, functions: &Functions, id: ChannelId, payload: Vec<u8>) {
        let channel = EndpointChannel::new(self.clone(), id);
        let options = LoadOptions::wire().with_limits(self.inner.config.limits);
        let prepared = functions.prepare(&payload, options);
        // Before the function runs, which may be for long.
        drop(payload);
        let prepared = prepared.and_then(|function| match memory::has_spare() {
            true => Ok(function),
            false => Err(NO_MEMORY.into()),
        });
        let done = prepared.and_then(|function| function.call(&channel));
        channel.end_call(done.err().as_deref());
    }
}

impl EndpointState {
    fn next_call(&mut self) -> Option<(ChannelId, Vec<u8>)> {
        let (id, payload) = self.calls.pop_front()?;
        self.session.call_begins(payload.len());
        Some((id, payload))
    }
}
