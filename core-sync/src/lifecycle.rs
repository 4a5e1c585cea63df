//! Whether one end of a gateway still sends and receives, and what that means for its channels: shared by gateways and
//! endpoints.

use execnet_serializer::ChannelId;

use crate::disconnected::{DisconnectReason, Disconnected, SharedError};
use crate::error::{ReceiveError, SendError};
use crate::session::{InboxOverflow, NextItem, OpenError, RemoteError, SendPermit, Session};

/// The two directions of a link end separately.
///
/// | stage | sends | receives | begins with |
/// |---|---|---|---|
/// | connected | yes | yes | |
/// | exiting | no | yes | [`exit`](Self::exit) by this side |
/// | half closed | yes | no | the end of the peer's stream, if this side runs code for it |
/// | ended | no | no | the end of the peer's stream, or of the half closed stage |
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    /// Set when reading has stopped, and never reset.
    disconnected: Option<Disconnected>,
    /// The peer sends no more, but functions that it called may still send.
    half_closed: bool,
    /// This side has exited: nothing is sent behind the last frame.
    exiting: bool,
}

impl Lifecycle {
    /// Whether frames of the peer are still read.
    pub(crate) fn receives(&self) -> bool {
        self.disconnected.is_none()
    }

    /// The same, in execnet's words.
    pub(crate) fn label(&self) -> &'static str {
        match self.receives() {
            true => "receive-live",
            false => "not-receiving",
        }
    }

    /// Whether the link still takes frames, the last one included.
    pub(crate) fn may_write(&self) -> bool {
        self.receives() || self.half_closed
    }

    /// Whether this side has exited.
    #[cfg(feature = "std")]
    pub(crate) fn is_exiting(&self) -> bool {
        self.exiting
    }

    /// Checks that frames may still be sent.
    pub(crate) fn check_alive(&self) -> Result<(), SendError> {
        match self.may_write() && !self.exiting {
            true => Ok(()),
            false => Err(self.send_error()),
        }
    }

    /// Why nothing can be sent any more.
    pub(crate) fn send_error(&self) -> SendError {
        SendError::Disconnected(self.disconnect_reason())
    }

    /// Opens a channel, with its first handle.
    pub(crate) fn open<W: Default>(
        &self,
        session: &mut Session<W>,
    ) -> Result<ChannelId, SendError> {
        self.check_alive()?;
        session.open().map_err(|error| match error {
            OpenError::IdsUsedUp => SendError::IdsUsedUp,
            OpenError::LinkEnd => self.send_error(),
        })
    }

    /// Whether an item may be sent on a channel now. False if it has to wait for credit.
    pub(crate) fn may_send<W: Default>(
        &self,
        session: &Session<W>,
        id: ChannelId,
    ) -> Result<bool, SendError> {
        match session.send_permit(id) {
            SendPermit::Closed => Err(SendError::Closed),
            // A peer that sends no more gives no credit either.
            SendPermit::Wait if !self.receives() => Err(self.send_error()),
            permit => self.check_alive().map(|()| permit == SendPermit::Now),
        }
    }

    /// Whether nothing can be sent on a channel any more.
    pub(crate) fn is_closed<W: Default>(&self, session: &Session<W>, id: ChannelId) -> bool {
        self.check_alive().is_err() || !session.may_send(id)
    }

    /// How a channel ended; `None` while no end is to be reported. An error is reported once.
    pub(crate) fn end_of<W, E>(
        &self,
        session: &mut Session<W>,
        id: ChannelId,
    ) -> Option<Result<(), E>>
    where
        E: From<RemoteError> + From<InboxOverflow> + From<Disconnected>,
    {
        Some(Err(match session.take_end(id) {
            NextItem::Error(error) => error.into(),
            NextItem::Overflow(overflow) => overflow.into(),
            NextItem::LinkEnd => self.disconnect_reason().into(),
            NextItem::End => return Some(Ok(())),
            NextItem::Item(_) | NextItem::Nothing => return None,
        }))
    }

    /// As [`end_of`](Self::end_of), for a receiver that has found no item.
    pub(crate) fn no_item<W>(
        &self,
        session: &mut Session<W>,
        id: ChannelId,
    ) -> Option<ReceiveError> {
        let end = self.end_of(session, id)?;
        Some(end.err().unwrap_or(ReceiveError::Closed))
    }

    /// Why reading has stopped.
    pub(crate) fn disconnected(&self) -> Option<&Disconnected> {
        self.disconnected.as_ref()
    }

    /// Why reading has stopped, or that this side has exited.
    pub(crate) fn disconnect_reason(&self) -> Disconnected {
        let exited = || Disconnected::new(DisconnectReason::Exited, None);
        self.disconnected.clone().unwrap_or_else(exited)
    }

    /// Records that this side exits.
    pub(crate) fn exit(&mut self) {
        self.exiting = true;
    }

    /// Records that reading has stopped. `runs_code` keeps the other direction open for functions that still run.
    pub(crate) fn disconnect(
        &mut self,
        reason: DisconnectReason,
        cause: Option<SharedError>,
        runs_code: bool,
    ) -> Disconnected {
        let reason = match reason {
            // The peer has closed its end because this side has exited.
            DisconnectReason::EndOfStream if self.exiting => DisconnectReason::Exited,
            reason => reason,
        };
        // A peer that ends the stream on purpose reads until the link is closed. After an error nobody reads.
        self.half_closed = runs_code
            && matches!(
                reason,
                DisconnectReason::Terminated | DisconnectReason::EndOfStream
            );
        let lost = Disconnected::new(reason, cause);
        self.disconnected = Some(lost.clone());
        lost
    }

    /// Ends the half closed stage: the functions have returned.
    pub(crate) fn end(&mut self) {
        self.half_closed = false;
    }
}
