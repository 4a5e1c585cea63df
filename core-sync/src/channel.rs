//! Channels: items both ways, until one side closes.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use execnet_serializer::{ChannelId, Dump, EncodeError, Encoder, LoadOptions, StrConfig};

use crate::error::{ItemError, ReceiveError, SendError, WaitCloseError};
use crate::frame::MessageCode;
use crate::gateway::{Bell, Gateway};
use crate::item::Item;
use crate::session::{Queued, Taken, empty, encode};
use crate::sync::Deadline;

/// One end of a conversation with code on the other side of a gateway.
///
/// Handles are cheap to clone, and can be used from several threads: each item goes to one of the receivers.
/// They compare by what they are a handle of.
///
/// # Dropping
///
/// When the last handle of an open channel is dropped the channel is closed, and the peer is told: code that
/// waits there for an item sees the end of the channel. The telling is a write like that of
/// [`send`](Self::send), and waits like it where the pipe is full. Items that were not received are lost.
#[derive(Clone)]
pub struct Channel {
    handle: Arc<Handle>,
}

struct Handle {
    gateway: Gateway,
    id: ChannelId,
    bell: Arc<Bell>,
}

impl Channel {
    pub(crate) fn new(gateway: Gateway, id: ChannelId, bell: Arc<Bell>) -> Self {
        let handle = Arc::new(Handle { gateway, id, bell });
        Self { handle }
    }

    /// The number both sides know the channel by.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.handle.id
    }

    /// The gateway it belongs to.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.handle.gateway
    }

    /// Sends an item. Waits where the link takes no more, which is when the peer does not read; there is no other
    /// bound on how much is sent ahead of the receiver.
    ///
    /// # Errors
    ///
    /// The item cannot be encoded, and then nothing was sent; or the channel is closed, the gateway was exited,
    /// or the peer is gone.
    pub fn send(&self, item: impl Dump) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelData, self.id(), &item)?;
        self.handle.gateway.shared().send_on(self.id(), &frame)
    }

    /// Waits for the next item.
    ///
    /// # Errors
    ///
    /// The channel ended, by an error or not, the peer is gone, or the item cannot be decoded. Items that came
    /// before the end are received first.
    pub fn receive(&self) -> Result<Item, ReceiveError> {
        self.receive_until(Deadline::NEVER)
    }

    /// Waits for the next item, for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive), or [`ReceiveError::Timeout`], after which the channel goes on.
    pub fn receive_timeout(&self, timeout: Duration) -> Result<Item, ReceiveError> {
        self.receive_until(Deadline::after(timeout))
    }

    /// The next item if it is there, `None` if there is nothing yet.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn try_receive(&self) -> Result<Option<Item>, ReceiveError> {
        match self.receive_until(Deadline::after(Duration::ZERO)) {
            Ok(item) => Ok(Some(item)),
            Err(ReceiveError::Timeout) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn receive_until(&self, deadline: Deadline) -> Result<Item, ReceiveError> {
        let shared = self.handle.gateway.shared();
        let mut state = shared.state.lock();
        loop {
            match state.session.take(self.id()) {
                Taken::Item(queued) => {
                    let bells: Vec<_> = queued
                        .references
                        .iter()
                        .map(|&id| state.bell_of(id))
                        .collect();
                    drop(state);
                    return self.decode(&queued, bells);
                }
                Taken::Error(error) => return Err(ReceiveError::Remote(error)),
                Taken::End => return Err(ReceiveError::Closed),
                Taken::LinkEnd => return Err(ReceiveError::Disconnected(state.verdict())),
                Taken::Nothing if deadline.has_passed() => return Err(ReceiveError::Timeout),
                Taken::Nothing => {}
            }
            state = self.handle.bell.wait_item(state, self.id(), deadline);
        }
    }

    /// Outside of any lock: it takes its time with a large item, and dropping a channel takes locks itself.
    fn decode(&self, queued: &Queued, bells: Vec<Arc<Bell>>) -> Result<Item, ReceiveError> {
        let channels = queued.references.iter().zip(bells);
        let channels: Vec<Self> = channels
            .map(|(&id, bell)| Self::new(self.handle.gateway.clone(), id, bell))
            .collect();
        if let Some(refused) = queued.refused {
            return Err(ReceiveError::Item(ItemError::Channel(refused)));
        }
        let limits = self.handle.gateway.shared().config.limits;
        let options = LoadOptions::new().strings(queued.strings).limits(limits);
        let value = options.loads_internal(&queued.payload);
        let value = value.map_err(|error| ReceiveError::Item(ItemError::Load(error)))?;
        Ok(Item::new(value, channels))
    }

    /// Receives items until the channel ends. The end is the end of the iteration; other errors are handed out.
    ///
    /// After an error that ends the channel, the next step ends the iteration.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            channel: self,
            over: false,
        }
    }

    /// Waits until the peer sends no more on this channel, because it closed it or is gone.
    ///
    /// # Errors
    ///
    /// The channel was closed with an error that nobody received yet, or the peer is gone, or `timeout` went by;
    /// with `None` it waits for as long as it takes.
    pub fn wait_close(&self, timeout: Option<Duration>) -> Result<(), WaitCloseError> {
        let deadline = timeout.map_or(Deadline::NEVER, Deadline::after);
        let mut state = self.handle.gateway.shared().state.lock();
        loop {
            match state.session.take_end(self.id()) {
                Taken::Error(error) => return Err(WaitCloseError::Remote(error)),
                Taken::LinkEnd => return Err(WaitCloseError::Disconnected(state.verdict())),
                Taken::End => return Ok(()),
                _ if deadline.has_passed() => return Err(WaitCloseError::Timeout),
                _ => {}
            }
            state = self.handle.bell.wait_end(state, self.id(), deadline);
        }
    }

    /// Closes the channel. Items that came before can still be received. Where it is closed already, nothing
    /// happens.
    pub fn close(&self) {
        // A frame without payload always has a length that fits.
        if let Ok(frame) = empty(MessageCode::ChannelClose, self.id()) {
            self.handle.gateway.shared().close(self.id(), &frame);
        }
    }

    /// Closes the channel with an error: receiving on the other side raises it, as `RemoteError`.
    ///
    /// # Errors
    ///
    /// The text is longer than the format allows; then the channel stays open.
    pub fn close_with_error(&self, text: &str) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelCloseError, self.id(), text)?;
        self.handle.gateway.shared().close(self.id(), &frame);
        Ok(())
    }

    /// Whether nothing can be sent any more: one side has closed the channel, or the link has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let mut state = self.handle.gateway.shared().state.lock();
        state.check_alive().is_err() || !state.session.may_send(self.id())
    }

    /// Sets how strings are read in the items that arrive from now on, here and at the peer's end.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer.
    pub fn reconfigure(&self, strings: StrConfig) -> Result<(), SendError> {
        {
            let mut state = self.handle.gateway.shared().state.lock();
            state.session.reconfigure_channel(self.id(), strings);
        }
        self.handle.gateway.send_strings(self.id(), strings)
    }

    /// The channel of a call that was accepted.
    pub(crate) fn of_call(gateway: &Gateway, id: ChannelId) -> Self {
        let bell = gateway.shared().state.lock().bell_of(id);
        Self::new(gateway.clone(), id, bell)
    }

    /// Closes the channel, as the code that was called on it has ended.
    pub(crate) fn end_call(&self, failure: Option<&str>) {
        // First, so that a peer which sees the end and asks finds no code running.
        let shared = self.handle.gateway.shared();
        shared.state.lock().session.call_done(self.id());
        let told = failure.is_some_and(|text| self.close_with_error(text).is_ok());
        if !told {
            self.close();
        }
    }

    /// Drops the handle of a channel that the peer knows nothing of, without telling it.
    pub(crate) fn forget(self) {
        let mut state = self.handle.gateway.shared().state.lock();
        let _ = state.session.close(self.id());
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.gateway.shared().release(self.id);
    }
}

/// Writes the channel's number. The peer makes it a channel of its own; a channel of another gateway would name
/// one there that has nothing to do with it.
impl Dump for Channel {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.channel(self.id())
    }
}

impl PartialEq for Channel {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id() && self.gateway() == other.gateway()
    }
}

impl Eq for Channel {}

/// `<Channel id=1 open>`
impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_closed() { "closed" } else { "open" };
        write!(f, "<Channel id={} {state}>", self.id().0)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Items of a channel, as they come: see [`Channel::iter`].
#[derive(Debug)]
pub struct Iter<'a> {
    channel: &'a Channel,
    over: bool,
}

impl Iterator for Iter<'_> {
    type Item = Result<Item, ReceiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let received = self.channel.receive();
        self.over = matches!(
            received,
            Err(ReceiveError::Closed | ReceiveError::Remote(_) | ReceiveError::Disconnected(_))
        );
        match received {
            Err(ReceiveError::Closed) => None,
            received => Some(received),
        }
    }
}

impl core::iter::FusedIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Channel {
    type Item = Result<Item, ReceiveError>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
