//! The calls of the peer that wait or run.

use execnet_serializer::ChannelId;

use super::{ITEM_COST, InboxOverflow, RefusedId, Session, SessionStatus};

/// The error of an end that runs one call at a time and refuses another. The text is execnet's.
pub const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// The error that the peer gets of a function that has closed the channel of its call. Execnet refuses that, too: the
/// end of the channel tells the controller that the function has returned.
pub(crate) const EXPLICIT_CLOSE: &str = "the channel of a call cannot be closed explicitly by the function that is called; it is closed when the function returns";

/// The error of an end without memory for a call.
pub(crate) const NO_MEMORY: &str = "execution is refused: no memory for the call";

/// Functions that run here for the peer.
impl<W: Default> Session<W> {
    /// Makes the channel of a call, with its first handle. The call counts as running until
    /// [`call_done`](Self::call_done), and its `payload` bytes as waiting until [`call_begins`](Self::call_begins).
    ///
    /// # Errors
    ///
    /// The peer may not make a channel of this id, see [`Ids`](super::Ids), or there is no memory for it; or the calls that have not begun are at their
    /// limit, see [`InboxLimits`](super::InboxLimits).
    pub fn accept(&mut self, id: ChannelId, payload: usize) -> Result<(), RefusedCall> {
        self.may_make(id).map_err(RefusedCall::Id)?;
        if self.peer_made >= self.max_peer_made {
            let limit = self.max_peer_made;
            return Err(RefusedCall::Id(RefusedId::TooMany { id, limit }));
        }
        if !self.has_memory(1) {
            return Err(RefusedCall::Id(RefusedId::Memory(id)));
        }
        // The last check, as it counts the call: a refused call must not be counted.
        let counted = self.accounting.add_call(cost_of_call(payload));
        counted.map_err(RefusedCall::Overflow)?;
        self.peer_made += 1;
        self.insert(id, true);
        self.calls.insert(id, false);
        Ok(())
    }
}

/// A call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedCall {
    /// No channel may be made for the call.
    Id(RefusedId),
    /// The calls that have not begun are at their limit.
    Overflow(InboxOverflow),
}

impl RefusedCall {
    /// The error text for the peer.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Id(RefusedId::Memory(_)) => NO_MEMORY,
            Self::Id(_) => "execution on this channel id is refused",
            Self::Overflow(_) => "execution is refused: too many calls are waiting",
        }
    }
}

fn cost_of_call(payload: usize) -> usize {
    payload.saturating_add(ITEM_COST)
}

impl<W> Session<W> {
    /// A call with a payload of this many bytes begins: the payload is not counted any more.
    pub fn call_begins(&mut self, payload: usize) {
        self.accounting.remove_call(cost_of_call(payload));
    }

    /// The call of this channel has ended. Call this before the peer is sent the end. Returns whether the function tried to
    /// close the channel itself, see [`refuses_close`](Self::refuses_close): then the peer must be sent an error.
    pub fn call_done(&mut self, id: ChannelId) -> bool {
        self.calls.remove(&id) == Some(true)
    }

    /// Whether this side may not close the channel, because it is the channel of a running call and ends with the call. The
    /// attempt is recorded.
    pub fn refuses_close(&mut self, id: ChannelId) -> bool {
        let call = self.calls.get_mut(&id);
        call.map(|tried_to_close| *tried_to_close = true).is_some()
    }

    /// Whether a call runs whose channel is open.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        // A second call would wait for the first, which may itself wait for the peer: a deadlock. A call whose channel is
        // closed cannot wait for the peer, and is about to return.
        let open = |id: &ChannelId| {
            let channel = self.channels.get(id);
            channel.is_some_and(|channel| channel.state.can_send())
        };
        self.calls.keys().any(open)
    }

    /// The number of open channels and of running calls, and the execution model.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        SessionStatus {
            num_channels: self.open,
            num_executing: self.calls.len(),
            exec_model: self.exec_model,
        }
    }
}
