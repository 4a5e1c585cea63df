use execnet_serializer::ChannelId;

use super::{Load, RefusedId, Session};

/// Why an end that runs one call at a time refuses another: execnet's words.
pub const BUSY: &str = "concurrent remote_exec would cause deadlock for main_thread_only execmodel";

/// What the peer is told of a function that has closed the channel it was called on. Execnet refuses that too: the end of
/// the channel is how the controller knows that the function has returned.
pub(crate) const EXPLICIT_CLOSE: &str = "the channel of a call cannot be closed explicitly by the function that is called; it is closed when the function returns";

/// Code that runs here for the peer.
impl<W: Default> Session<W> {
    /// Makes the channel that a peer asked to run code on, and gives its first handle. The code counts as running
    /// until [`call_done`](Self::call_done).
    ///
    /// # Errors
    ///
    /// The peer may not make a channel of this id; see [`Ids`](super::Ids).
    pub fn accept(&mut self, id: ChannelId) -> Result<(), RefusedId> {
        self.may_make(id)?;
        if self.foreign >= self.max_foreign {
            let limit = self.max_foreign;
            return Err(RefusedId::TooMany { id, limit });
        }
        self.foreign += 1;
        self.insert(id, true);
        self.calls.insert(id, CallState::default());
        Ok(())
    }
}

impl<W> Session<W> {
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

    /// The living channels, and the code that runs.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            numchannels: self.channels.len(),
            numexecuting: self.calls.len(),
        }
    }
}

/// A call that has not ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallState {
    /// The code closed its own channel.
    tried_to_close: bool,
}
