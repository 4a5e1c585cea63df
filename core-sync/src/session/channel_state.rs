/// Where a channel stands on this side.
///
/// ```text
///                 close(), CLOSE, CLOSE_ERROR
///          ┌──────────────────────────────────────┐
///          │                                      ▼
///        Open ──LAST_MESSAGE, end of link──▶ SendOnly ──close(), CLOSE, CLOSE_ERROR──▶ Closed
/// ```
///
/// The fourth state of execnet, *deleted*, is having no entry in the session any more: it is reached when nothing
/// holds the channel any more; see [`Session::release`](super::Session::release).
///
/// There is one method a transition. Where a frame is due, the method says so; it is the caller who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelState {
    /// Items go both ways.
    Open,
    /// The peer sends no more; it still takes items.
    SendOnly,
    /// No item goes either way.
    Closed,
}

impl ChannelState {
    /// Items may be sent.
    #[must_use]
    pub const fn can_send(self) -> bool {
        matches!(self, Self::Open | Self::SendOnly)
    }

    /// Items are expected from the peer.
    #[must_use]
    pub const fn can_receive(self) -> bool {
        matches!(self, Self::Open)
    }

    /// This side closes. True where that ended something, so that the peer has to be told.
    ///
    /// It is told also when it sends no more itself: it did so with a LAST_MESSAGE, and keeps a callback, which
    /// only a CLOSE ends. (Stock execnet says nothing here, and its callbacks wait until the gateway ends.)
    #[must_use]
    pub const fn close_locally(&mut self) -> bool {
        let ended = self.can_send();
        *self = Self::Closed;
        ended
    }

    /// The peer closed. True where that ended something.
    #[must_use]
    pub const fn close_remotely(&mut self) -> bool {
        let ended = self.can_send();
        *self = Self::Closed;
        ended
    }

    /// The peer, or the link, sends no more. True where that ended something.
    #[must_use]
    pub const fn end_receiving(&mut self) -> bool {
        let ended = self.can_receive();
        if ended {
            *self = Self::SendOnly;
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::ChannelState::{Closed, Open, SendOnly};

    #[test]
    fn closing_tells_the_peer_only_when_it_does_not_know() {
        for (mut state, tell) in [(Open, true), (SendOnly, true), (Closed, false)] {
            assert_eq!(state.close_locally(), tell);
            assert_eq!(state, Closed);
        }
    }

    #[test]
    fn the_peer_closing_ends_what_was_not_closed() {
        for (mut state, ended) in [(Open, true), (SendOnly, true), (Closed, false)] {
            assert_eq!(state.close_remotely(), ended);
            assert_eq!(state, Closed);
        }
    }

    #[test]
    fn a_last_message_leaves_sending_allowed() {
        for (mut state, ended, after) in [
            (Open, true, SendOnly),
            (SendOnly, false, SendOnly),
            (Closed, false, Closed),
        ] {
            assert_eq!(state.end_receiving(), ended);
            assert_eq!(state, after);
        }
    }
}
