use alloc::sync::Arc;
use core::fmt;
use core::hash::{Hash, Hasher};

use execnet_serializer::{ChannelId, Dump, EncodeError, Encoder};

use super::{Endpoint, EndpointItem, State};
use crate::error::{ItemError, ReceiveError, SendError, WaitCloseError};
use crate::frame::{Header, MessageCode};
use crate::item::{Handle as AnyHandle, RawItem};
use crate::session::{
    EXPLICIT_CLOSE, ITEM_COST, NextItem, QueuedItem, Reply, SendPermit, empty, encode,
};

/// One end of a conversation with code on the other side of an [`Endpoint`].
///
/// Handles are cheap to clone. When the last of an open channel is dropped the channel is closed. That does not wait for
/// the link: the frame goes out with the next write, wait or [poll](Endpoint::poll) of the endpoint.
#[derive(Clone)]
pub struct EndpointChannel {
    handle: Arc<Handle>,
}

struct Handle {
    endpoint: Endpoint,
    id: ChannelId,
}

impl EndpointChannel {
    /// Of a handle that the session counts already.
    pub(super) fn new(endpoint: Endpoint, id: ChannelId) -> Self {
        let handle = Arc::new(Handle { endpoint, id });
        Self { handle }
    }

    /// The number both sides know the channel by.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.handle.id
    }

    /// The endpoint it belongs to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.handle.endpoint
    }

    /// Sends an item. Waits where the link takes no more; where the two ends agreed on
    /// [credit](super::EndpointConfig::credit), also until the peer has received enough of what was sent before.
    ///
    /// # Errors
    ///
    /// The item cannot be encoded, and then nothing was sent; or the channel is closed, the endpoint was exited, or the
    /// peer is gone.
    pub fn send(&self, item: impl Dump) -> Result<(), SendError> {
        let id = self.id();
        let frame = encode(MessageCode::ChannelData, id, &item)?;
        let cost = frame.len() - Header::SIZE + ITEM_COST;
        loop {
            let sent = self.endpoint().write_if(&frame, |state| {
                state.may_send(id)?;
                state.session.spend(id, cost);
                Ok(())
            });
            match sent {
                Err(Held::NoRoom) => self.endpoint().wait_for(|state| state.room(id)),
                Err(Held::For(error)) => return Err(error),
                Ok(()) => return Ok(()),
            }
        }
    }

    /// Waits for the next item, reading frames until it is there.
    ///
    /// # Errors
    ///
    /// The channel ended, by an error or not, the peer is gone, or the item cannot be decoded. Items that came before
    /// the end are received first.
    pub fn receive(&self) -> Result<EndpointItem, ReceiveError> {
        let raw = self.receive_raw()?;
        EndpointItem::decode(raw).map_err(ReceiveError::Item)
    }

    /// The next item if it is there, `None` if there is nothing yet. It does not wait: like
    /// [`Endpoint::poll`], it handles the frames that are there.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn try_receive(&self) -> Result<Option<EndpointItem>, ReceiveError> {
        if let Some(item) = self.take_ready()? {
            return Ok(Some(item));
        }
        self.endpoint().advance();
        self.take_ready()
    }

    fn take_ready(&self) -> Result<Option<EndpointItem>, ReceiveError> {
        let taken = take(&mut self.endpoint().inner.state.lock(), self.id());
        let Some((queued, grant)) = taken.transpose()? else {
            return Ok(None);
        };
        self.endpoint().post(grant);
        let item = self.raw(queued).and_then(EndpointItem::decode);
        item.map(Some).map_err(ReceiveError::Item)
    }

    /// Waits for the next item, and leaves it encoded.
    pub(crate) fn receive_raw(&self) -> Result<RawItem<Self>, ReceiveError> {
        let (queued, grant) = self.endpoint().wait_for(|state| take(state, self.id()))?;
        if grant.is_some() {
            self.endpoint().post(grant);
            self.endpoint().flush();
        }
        self.raw(queued).map_err(ReceiveError::Item)
    }

    fn raw(&self, queued: QueuedItem) -> Result<RawItem<Self>, ItemError> {
        let channels = queued.references.iter();
        let channels = channels
            .map(|&id| Self::new(self.endpoint().clone(), id))
            .collect();
        RawItem::new(queued, channels, self.endpoint().inner.config.limits)
    }

    /// Waits until the peer sends no more on this channel, because it closed it or is gone.
    ///
    /// # Errors
    ///
    /// The channel was closed with an error that nobody received yet, or the peer is gone.
    pub fn wait_close(&self) -> Result<(), WaitCloseError> {
        self.endpoint().wait_for(|state| {
            Some(match state.session.take_end(self.id()) {
                NextItem::Error(error) => Err(WaitCloseError::Remote(error)),
                NextItem::Overflow(overflow) => Err(WaitCloseError::Overflow(overflow)),
                NextItem::LinkEnd => Err(WaitCloseError::Disconnected(state.disconnect_reason())),
                NextItem::End => Ok(()),
                NextItem::Item(_) | NextItem::Nothing => return None,
            })
        })
    }

    /// Closes the channel. Items that came before can still be received. Where it is closed already, nothing happens.
    pub fn close(&self) {
        // A frame without payload always has a length that fits.
        if let Ok(frame) = empty(MessageCode::ChannelClose, self.id()) {
            self.close_by(&frame);
        }
    }

    /// Closes the channel with an error: receiving on the other side raises it.
    ///
    /// # Errors
    ///
    /// The text is longer than the format allows; then the channel stays open.
    pub fn close_with_error(&self, text: &str) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelCloseError, self.id(), text)?;
        self.close_by(&frame);
        Ok(())
    }

    /// Whether nothing can be sent any more: one side has closed the channel, or the link has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = self.endpoint().inner.state.lock();
        state.check_alive().is_err() || !state.session.may_send(self.id())
    }

    /// Drops the handle of a channel that the peer knows nothing of, without telling it.
    pub(super) fn forget(self) {
        let mut state = self.endpoint().inner.state.lock();
        let _ = state.session.close(self.id());
    }

    /// Closes the channel, as the function that was called on it has returned.
    pub(super) fn end_call(&self, failure: Option<&str>) {
        // First, so that a peer which sees the end and asks finds no code running.
        let inner = &self.endpoint().inner;
        let tried_to_close = inner.state.lock().session.call_done(self.id());
        let failure = failure.or(tried_to_close.then_some(EXPLICIT_CLOSE));
        let told = failure.is_some_and(|text| self.close_with_error(text).is_ok());
        if !told {
            self.close();
        }
    }

    fn close_by(&self, frame: &[u8]) {
        let id = self.id();
        let mut state = self.endpoint().inner.state.lock();
        // The channel of a call ends with its function. Where the peer is gone, the channel is closed all the same.
        let is_told = !state.session.refuses_close(id) && state.session.close(id);
        if is_told {
            state.queue(frame);
            drop(state);
            self.endpoint().flush();
        }
    }
}

/// Why an item is not sent.
enum Held {
    /// The peer has to receive others first.
    NoRoom,
    For(SendError),
}

impl From<SendError> for Held {
    fn from(error: SendError) -> Self {
        Self::For(error)
    }
}

impl State {
    fn may_send(&self, id: ChannelId) -> Result<(), Held> {
        match self.session.send_permit(id) {
            SendPermit::Closed => Err(SendError::Closed.into()),
            SendPermit::Now => Ok(self.check_alive()?),
            // Who sends no more gives no credit either.
            SendPermit::Wait if self.disconnected.is_some() => Err(self.lost().into()),
            SendPermit::Wait => self.check_alive().map_err(Held::For).and(Err(Held::NoRoom)),
        }
    }

    /// Whether it is worth trying to send again.
    fn room(&self, id: ChannelId) -> Option<()> {
        (!matches!(self.may_send(id), Err(Held::NoRoom))).then_some(())
    }
}

/// What is next on the channel, with what the peer is to be told of that; `None` if there is nothing yet.
fn take(
    state: &mut State,
    id: ChannelId,
) -> Option<Result<(QueuedItem, Option<Reply>), ReceiveError>> {
    Some(match state.session.take(id) {
        NextItem::Item(queued) => Ok((queued, state.session.grant(id))),
        NextItem::Error(error) => Err(ReceiveError::Remote(error)),
        NextItem::Overflow(overflow) => Err(ReceiveError::Overflow(overflow)),
        NextItem::End => Err(ReceiveError::Closed),
        NextItem::LinkEnd => Err(ReceiveError::Disconnected(state.disconnect_reason())),
        NextItem::Nothing => return None,
    })
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.endpoint.inner.state.lock();
        let released = state.session.release(self.id);
        state.post(released.replies);
        drop(state);
        // It can be much, and nobody waits for it now.
        drop(released.garbage);
    }
}

impl AnyHandle for EndpointChannel {
    fn number(&self) -> ChannelId {
        self.id()
    }
}

/// Writes the channel's number. The peer makes it a channel of its own.
impl Dump for EndpointChannel {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.channel(self.id())
    }
}

impl PartialEq for EndpointChannel {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id() && self.endpoint() == other.endpoint()
    }
}

impl Eq for EndpointChannel {}

impl Hash for EndpointChannel {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.id().hash(hasher);
        self.endpoint().hash(hasher);
    }
}

/// `<Channel id=1 open>`
impl fmt::Debug for EndpointChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_closed() { "closed" } else { "open" };
        write!(f, "<Channel id={} {state}>", self.id().0)
    }
}
