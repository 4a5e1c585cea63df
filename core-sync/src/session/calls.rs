use execnet_serializer::ChannelId;

use super::{ITEM_COST, InboxOverflow, RefusedId, Session, SessionStatus};

/// Why an end that runs one call at a time refuses another: execnet's words.
pub const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// What the peer is told of a function that has closed the channel it was called on. Execnet refuses that too: the end of
/// the channel is how the controller knows that the function has returned.
pub(crate) const EXPLICIT_CLOSE: &str = "the channel of a call cannot be closed explicitly by the function that is called; it is closed when the function returns";

/// Code that runs here for the peer.
impl<W: Default> Session<W> {
    /// Makes the channel that a peer asked to run code on, and gives its first handle. The code counts as running
    /// until [`call_done`](Self::call_done), and its `payload` bytes as waiting until
    /// [`call_begins`](Self::call_begins).
    ///
    /// # Errors
    ///
    /// The peer may not make a channel of this id, see [`Ids`](super::Ids); or too much waits already, see
    /// [`InboxLimits`](super::InboxLimits).
    pub fn accept(&mut self, id: ChannelId, payload: usize) -> Result<(), RefusedCall> {
        self.may_make(id).map_err(RefusedCall::Id)?;
        if self.peer_made >= self.max_peer_made {
            let limit = self.max_peer_made;
            return Err(RefusedCall::Id(RefusedId::TooMany { id, limit }));
        }
        let counted = self.accounting.add_call(cost_of_call(payload));
        counted.map_err(RefusedCall::Overflow)?;
        self.peer_made += 1;
        self.insert(id, true);
        self.calls.insert(id, CallState::default());
        Ok(())
    }
}

/// A call that is not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedCall {
    /// No channel may be made for it.
    Id(RefusedId),
    /// Too much waits already.
    Overflow(InboxOverflow),
}

impl RefusedCall {
    /// What the peer is told.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Id(_) => "execution on this channel id is refused",
            Self::Overflow(_) => "execution is refused: too much waits at this end already",
        }
    }
}

fn cost_of_call(payload: usize) -> usize {
    payload.saturating_add(ITEM_COST)
}

impl<W> Session<W> {
    /// A call whose payload has this many bytes begins: the payload waits no longer.
    pub fn call_begins(&mut self, payload: usize) {
        self.accounting.remove_call(cost_of_call(payload));
    }

    /// The code that ran on this channel has ended. To be said before the peer can know it. True if the code tried to
    /// close the channel itself, see [`refuses_close`](Self::refuses_close): the peer is to be told that as an error.
    pub fn call_done(&mut self, id: ChannelId) -> bool {
        let call = self.calls.remove(&id).unwrap_or_default();
        call.tried_to_close
    }

    /// Whether code on this side may not close the channel, because it is the one of a call that runs: the channel ends
    /// with the call. The attempt is remembered.
    pub fn refuses_close(&mut self, id: ChannelId) -> bool {
        let call = self.calls.get_mut(&id);
        call.map(|call| call.tried_to_close = true).is_some()
    }

    /// Whether code runs that the peer still talks with: it would wait for ever for code that waits for that to
    /// end. Code whose channel is closed, by either side, is about to be done as far as the peer is concerned.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        let open = |id: &ChannelId| {
            let channel = self.channels.get(id);
            channel.is_some_and(|channel| channel.state.can_send())
        };
        self.calls.keys().any(open)
    }

    /// The open channels, and the code that runs.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        SessionStatus {
            num_channels: self.open,
            num_executing: self.calls.len(),
        }
    }
}

/// A call that has not ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallState {
    /// The code closed its own channel.
    tried_to_close: bool,
}
