use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use execnet_serializer::{ChannelId, LoadOptions};

use super::{Endpoint, EndpointChannel, State};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::worker::{Function, Registry};

/// Functions that an endpoint serves, by name.
#[derive(Debug, Clone)]
pub struct Functions {
    registry: Registry<EndpointChannel>,
}

impl Functions {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        let registry = Registry::new();
        Self { registry }
    }

    /// Makes a function known under this name. A second one of the name takes the place of the first.
    pub fn register<A>(
        &mut self,
        name: impl Into<String>,
        function: impl Function<EndpointChannel, A>,
    ) -> &mut Self {
        self.registry.register(name.into(), function);
        self
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::new()
    }
}

enum Next {
    Call(ChannelId, Vec<u8>),
    End,
}

impl Endpoint {
    /// Calls these functions as the peer asks for them, one at a time, until it exits the gateway or the link ends;
    /// then closes the link.
    ///
    /// A call is refused while an earlier one still talks with the peer, as execnet's model `main_thread_only` does.
    /// One that comes when the peer has closed the channel of the earlier waits for that. A panic of a function is not
    /// caught.
    ///
    /// # Errors
    ///
    /// The link failed, or the peer broke the protocol.
    pub fn serve(&self, functions: &Functions) -> Result<(), Disconnected> {
        while let Next::Call(id, payload) = self.wait_for(State::next) {
            self.run(functions, id, payload);
        }
        self.flush_behind_others();
        self.inner.state.lock().half_closed = false;
        self.close_output();
        let lost = self.inner.state.lock().disconnect_reason();
        match lost.reason() {
            DisconnectReason::Exited
            | DisconnectReason::Terminated
            | DisconnectReason::EndOfStream => Ok(()),
            _ => Err(lost),
        }
    }
}

impl Endpoint {
    /// Calls these functions for what the peer has asked for until now, as far as it was read: for programs that
    /// [poll](Self::poll). Returns whether a function was called.
    ///
    /// It does not wait for calls; a function that it calls may wait. Calls are refused as by [`serve`](Self::serve).
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
        let prepared = functions.registry.prepare(&payload, options);
        drop(payload);
        let done = prepared.and_then(|function| function.call(&channel));
        let failure = done.err().map(|failure| failure.to_string());
        channel.end_call(failure.as_deref());
    }
}

impl State {
    fn next_call(&mut self) -> Option<(ChannelId, Vec<u8>)> {
        let (id, payload) = self.calls.pop_front()?;
        self.session.call_begins(payload.len());
        Some((id, payload))
    }

    fn next(&mut self) -> Option<Next> {
        let call = self.next_call();
        let call = call.map(|(id, payload)| Next::Call(id, payload));
        // What was accepted before the end is still called.
        call.or_else(|| self.disconnected.as_ref().map(|_| Next::End))
    }
}
