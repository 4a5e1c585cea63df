//! The states of a channel, and the changes between them.

/// The state of a channel on this side.
///
/// ```text
///                 close(), CLOSE, CLOSE_ERROR
///          ┌──────────────────────────────────────┐
///          │                                      ▼
///        Open ──LAST_MESSAGE, end of link──▶ SendOnly ──close(), CLOSE, CLOSE_ERROR──▶ Closed
/// ```
///
/// Execnet's fourth state, *deleted*, is a channel without an entry in the session: nothing refers to it any more, see
/// [`Session::release`](super::Session::release).
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

    /// One side closes. Returns whether the state changed: then threads that wait have to be woken, or the peer has to
    /// be sent a frame.
    #[must_use]
    pub const fn close(&mut self) -> bool {
        // `SendOnly` counts as a change: a peer that has sent LAST_MESSAGE may keep a callback, which only a CLOSE
        // ends. (Stock execnet sends nothing here, and its callbacks wait until the gateway ends.)
        let changed = self.can_send();
        *self = Self::Closed;
        changed
    }

    /// The peer, or the link, sends no more. Returns whether the state changed.
    #[must_use]
    pub const fn end_receiving(&mut self) -> bool {
        let changed = self.can_receive();
        if changed {
            *self = Self::SendOnly;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::ChannelState::{Closed, Open, SendOnly};

    #[test]
    fn closing_is_a_change_once() {
        for (mut state, changed) in [(Open, true), (SendOnly, true), (Closed, false)] {
            assert_eq!(state.close(), changed);
            assert_eq!(state, Closed);
        }
    }

    #[test]
    fn a_last_message_leaves_sending_allowed() {
        for (mut state, changed, after) in [
            (Open, true, SendOnly),
            (SendOnly, false, SendOnly),
            (Closed, false, Closed),
        ] {
            assert_eq!(state.end_receiving(), changed);
            assert_eq!(state, after);
        }
    }
}
