//! Channels: items both ways, until one side closes.

mod callback;
mod file;
mod receive;
mod send;

pub(crate) use callback::Arrived;
pub use callback::CallbackResult;
pub use file::{ChannelFileRead, ChannelFileWrite};
pub use receive::Iter;
pub use send::FileItem;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use execnet_serializer::{ChannelId, Dump, EncodeError, Encoder, StrConfig};

use crate::api::gateway::Gateway;
use crate::engine::ChannelCondvars;
use crate::error::{ItemError, SendError};
use crate::frame::MessageCode;
use crate::item::RawItem;
use crate::session::{EXPLICIT_CLOSE, QueuedItem, empty, encode};

/// One end of a conversation with code on the other side of a gateway.
///
/// Handles are cheap to clone, and can be used from several threads: each item goes to one of the receivers.
/// They compare by what they are a handle of.
///
/// # Dropping
///
/// When the last handle of an open channel is dropped the channel is closed, and the peer is told: code that
/// waits there for an item sees the end of the channel. Dropping does not wait for the link; what the peer is told
/// goes out with the next write, after all that was sent before. Items that were not received are lost.
///
/// A channel with a [callback](Self::set_callback) goes on without handles: only sending ends.
#[derive(Clone)]
pub struct Channel {
    handle: Arc<Handle>,
}

struct Handle {
    gateway: Gateway,
    id: ChannelId,
    condvars: Arc<ChannelCondvars>,
}

impl Channel {
    pub(crate) fn new(gateway: Gateway, id: ChannelId, condvars: Arc<ChannelCondvars>) -> Self {
        let handle = Arc::new(Handle {
            gateway,
            id,
            condvars,
        });
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

    /// Closes the channel. Items that came before can still be received. Where it is closed already, nothing
    /// happens.
    ///
    /// It does not wait for the link: the peer is told after all that was sent before, with the next write.
    ///
    /// The channel of a call that runs here ends with its function, which cannot close it itself: as in execnet, the
    /// channel stays open until the function returns, and the controller then gets an error that says so, in place of a
    /// clean end.
    pub fn close(&self) {
        // A frame without payload always has a length that fits.
        if let Ok(frame) = empty(MessageCode::ChannelClose, self.id()) {
            self.handle.gateway.shared().close(self.id(), &frame);
        }
    }

    /// Ends the items that go to the peer, behind all that were sent before: there `for item in channel` ends, and
    /// `receive` raises `EOFError`. What the peer sends is still received; sending here fails from now on.
    ///
    /// It does not wait for the link. A worker with stock execnet does not tell the end of code that has seen the end of
    /// its items: the channel then stays open here until the gateway ends.
    ///
    /// ```no_run
    /// # fn example(gateway: execnet_core_sync::Gateway) -> Result<(), Box<dyn std::error::Error>> {
    /// let channel = gateway.remote_exec("channel.send(sum(channel))")?;
    /// channel.send_all(0..10)?;
    /// channel.finish_sending();
    /// assert_eq!(channel.receive()?.as_i64(), Some(45));
    /// # Ok(())
    /// # }
    /// ```
    pub fn finish_sending(&self) {
        // A frame without payload always has a length that fits.
        if let Ok(frame) = empty(MessageCode::ChannelLastMessage, self.id()) {
            self.handle
                .gateway
                .shared()
                .finish_sending(self.id(), &frame);
        }
    }

    /// Closes the channel with an error: receiving on the other side raises it, as `RemoteError`.
    ///
    /// A function that is called returns its error instead: it cannot close its own channel, see
    /// [`close`](Self::close).
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

    /// An item that was taken, with `condvars` those of the channels that it names, in their order.
    pub(crate) fn raw(
        gateway: &Gateway,
        queued: QueuedItem,
        condvars: Vec<Arc<ChannelCondvars>>,
    ) -> Result<RawItem<Self>, ItemError> {
        let channels = queued.references.iter().zip(condvars);
        let channels = channels
            .map(|(&id, condvars)| Self::new(gateway.clone(), id, condvars))
            .collect();
        RawItem::new(queued, channels, gateway.shared().config.limits)
    }

    /// The channel of a call that was accepted.
    pub(crate) fn of_call(gateway: &Gateway, id: ChannelId) -> Self {
        let condvars = gateway.shared().state.lock().condvars_of(id);
        Self::new(gateway.clone(), id, condvars)
    }

    /// The code that was called with this many bytes begins, or is refused after it has waited: it waits no longer.
    pub(crate) fn begin_call(&self, payload: usize) {
        let shared = self.gateway().shared();
        shared.state.lock().session.call_begins(payload);
    }

    /// Closes the channel, as the code that was called on it has ended.
    pub(crate) fn end_call(&self, failure: Option<&str>) {
        // First, so that a peer which sees the end and asks finds no code running.
        let shared = self.gateway().shared();
        let tried_to_close = shared.state.lock().session.call_done(self.id());
        let failure = failure.or(tried_to_close.then_some(EXPLICIT_CLOSE));
        let error = failure.map(|text| encode(MessageCode::ChannelCloseError, self.id(), text));
        let frame = match error {
            Some(Ok(frame)) => Ok(frame),
            _ => empty(MessageCode::ChannelClose, self.id()),
        };
        // A frame without payload always has a length that fits.
        if let Ok(frame) = frame {
            shared.close_now(self.id(), &frame);
        }
    }

    /// Drops the handle of a channel that the peer knows nothing of, without telling it.
    pub(crate) fn forget(self) {
        let mut state = self.handle.gateway.shared().state.lock();
        let _ = state.session.close(self.id());
    }
}

impl crate::item::Handle for Channel {
    fn number(&self) -> ChannelId {
        self.id()
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

impl Hash for Channel {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.id().hash(hasher);
        self.gateway().hash(hasher);
    }
}

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
