//! The channels of an endpoint.

use alloc::sync::Arc;
use core::fmt;

use execnet_serializer::{ChannelId, Dump};

use super::{Endpoint, EndpointItem, EndpointState};
use crate::error::{ItemError, ReceiveError, SendError, WaitCloseError};
use crate::frame::{Header, MessageCode};
use crate::item::{RawItem, channel_handle};
use crate::memory;
use crate::session::{EXPLICIT_CLOSE, ITEM_COST, QueuedItem, append, empty, encode};

/// Number of bytes of an item whose value takes less memory than [`memory::SPARE`].
const SHORT: usize = 32;

/// What the peer gets in place of the error of a function for whose text there is no memory.
const NO_MEMORY_FOR_ERROR: &str =
    "the function failed, and there is no memory for the text of its error";

/// One end of a channel of an [`Endpoint`]: items are sent and received, until one side closes it.
///
/// Handles are cheap to clone. Dropping the last handle of an open channel closes it. That does not block on the link: the
/// frame is sent with the next write, wait or [poll](Endpoint::poll) of the endpoint.
#[derive(Clone)]
pub struct EndpointChannel {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    id: ChannelId,
}

impl EndpointChannel {
    /// Makes a handle that the session has counted already.
    pub(super) fn new(endpoint: Endpoint, id: ChannelId) -> Self {
        let inner = Arc::new(Inner { endpoint, id });
        Self { inner }
    }

    /// The id of the channel, which is the same on both sides.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.inner.id
    }

    /// The endpoint of the channel.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// Sends an item. Blocks while the link is full, and, if the two ends agreed on
    /// [credit](super::EndpointConfig::credit), until the peer has received enough of the earlier items.
    ///
    /// # Errors
    ///
    /// The item cannot be encoded, and nothing was sent; or the channel is closed, the endpoint was exited, or the
    /// connection is lost.
    pub fn send(&self, item: impl Dump) -> Result<(), SendError> {
        let id = self.id();
        let mut frame = self.endpoint().inner.state.lock().spare_frame.take();
        let encoded = append(&mut frame, MessageCode::ChannelData, id, &item);
        let sent = encoded
            .map_err(SendError::from)
            .and_then(|()| self.send_frame(&frame));
        self.endpoint().inner.state.lock().spare_frame.put(frame);
        sent
    }

    /// Sends an encoded item.
    fn send_frame(&self, frame: &[u8]) -> Result<(), SendError> {
        let id = self.id();
        let cost = frame.len().saturating_sub(Header::SIZE) + ITEM_COST;
        loop {
            let sent = self.endpoint().write_if(frame, |state| {
                let now = state.lifecycle.may_send(&state.session, id)?;
                if now {
                    // Before the write, as in gateways: credit for this very item can arrive before the write returns.
                    state.session.spend(id, cost);
                }
                Ok(now)
            })?;
            if sent {
                return Ok(());
            }
            // Reads until there is credit, or sending fails for good. Then starts over: another thread may have used the
            // credit up again.
            self.endpoint().wait_for(|state| {
                let may_send = state.lifecycle.may_send(&state.session, id);
                (may_send != Ok(false)).then_some(())
            });
        }
    }

    /// Waits for the next item, and reads frames until it has arrived.
    ///
    /// # Errors
    ///
    /// The channel ended, with or without an error, the connection is lost, or the item cannot be decoded. Items that
    /// arrived before the end are received first.
    pub fn receive(&self) -> Result<EndpointItem, ReceiveError> {
        let raw = self.receive_raw()?;
        self.decode(raw).map_err(ReceiveError::Item)
    }

    /// Takes the next item if it has arrived; `None` if no item has arrived yet. Like [`Endpoint::poll`], it handles
    /// the available frames, and does not wait.
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
        let taken = self.endpoint().inner.state.lock().take(self.id());
        let Some((queued, _)) = taken.transpose()? else {
            return Ok(None);
        };
        let item = self.raw(queued).and_then(|raw| self.decode(raw));
        item.map(Some).map_err(ReceiveError::Item)
    }

    fn decode(&self, raw: RawItem<Self>) -> Result<EndpointItem, ItemError> {
        let value = raw.options.loads(&raw.payload);
        let value = value.map_err(ItemError::Load).and_then(|value| {
            // A short item, which most are, takes little, and is not worth the question.
            let fits = raw.payload.len() <= SHORT || memory::has_spare();
            if fits {
                Ok(value)
            } else {
                Err(ItemError::Memory)
            }
        });
        self.endpoint()
            .inner
            .state
            .lock()
            .session
            .spare
            .put(raw.payload);
        Ok(EndpointItem::new(value?, raw.channels))
    }

    /// Waits for the next item, and does not decode it.
    pub(crate) fn receive_raw(&self) -> Result<RawItem<Self>, ReceiveError> {
        let (queued, granted) = self.endpoint().wait_for(|state| state.take(self.id()))?;
        // Written now: the next wait for the link may come much later, and the peer's sender waits for this credit.
        if granted {
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

    /// Waits until no more items can arrive on the channel.
    ///
    /// # Errors
    ///
    /// The channel was closed with an error that was not received yet, or the connection is lost.
    pub fn wait_close(&self) -> Result<(), WaitCloseError> {
        self.endpoint()
            .wait_for(|state| state.lifecycle.end_of(&mut state.session, self.id()))
    }

    /// Closes the channel. Items that have arrived can still be received. Closing a closed channel has no effect.
    pub fn close(&self) {
        self.close_by(&empty(MessageCode::ChannelClose, self.id()));
    }

    /// Closes the channel with an error: receiving on the other side raises it.
    ///
    /// # Errors
    ///
    /// The text is longer than the format allows, or than there is memory for; then the channel stays open.
    pub fn close_with_error(&self, text: &str) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelCloseError, self.id(), text)?;
        self.close_by(&frame);
        Ok(())
    }

    /// Whether nothing can be sent any more: one side has closed the channel, or the link has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = self.endpoint().inner.state.lock();
        state.lifecycle.is_closed(&state.session, self.id())
    }

    /// Marks the channel as closed without a frame: the peer has never heard of it, or has closed it.
    pub(super) fn forget(&self) {
        let mut state = self.endpoint().inner.state.lock();
        let _ = state.session.close(self.id());
    }

    /// Closes the channel: the call has ended.
    pub(super) fn end_call(&self, failure: Option<&str>) {
        // Before the frame: a peer that sees the end and requests the status must find one call less.
        let inner = &self.endpoint().inner;
        let tried_to_close = inner.state.lock().session.call_done(self.id());
        let failure = failure.or(tried_to_close.then_some(EXPLICIT_CLOSE));
        let closed = failure.is_some_and(|text| {
            // Where there is no memory for the text, the peer gets one that says so.
            [text, NO_MEMORY_FOR_ERROR]
                .iter()
                .any(|text| self.close_with_error(text).is_ok())
        });
        if !closed {
            self.close();
        }
    }

    fn close_by(&self, frame: &[u8]) {
        let id = self.id();
        let mut state = self.endpoint().inner.state.lock();
        if !state.session.refuses_close(id) && state.session.close(id) {
            // Queued under the lock under which the channel is closed, and flushed after it: an item that another
            // thread writes just now has passed its check before, and goes first.
            state.queue(frame);
            drop(state);
            self.endpoint().flush();
        }
    }
}

impl EndpointState {
    /// Takes the next item of a channel, and returns whether credit for it was queued; `None` if no item has arrived yet.
    fn take(&mut self, id: ChannelId) -> Option<Result<(QueuedItem, bool), ReceiveError>> {
        let Some(queued) = self.session.take_item(id) else {
            return self.lifecycle.no_item(&mut self.session, id).map(Err);
        };
        let grant = self.session.grant(id);
        let granted = grant.is_some();
        self.post(grant);
        Some(Ok((queued, granted)))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Does not block on the link: a handle can be dropped in a loop that must not wait.
        let mut state = self.endpoint.inner.state.lock();
        let released = state.session.release(self.id);
        state.post(released.replies);
        drop(state);
        // Unlocked: there can be millions of items, and other threads need the state.
        drop(released.garbage);
    }
}

channel_handle!(EndpointChannel, endpoint);
