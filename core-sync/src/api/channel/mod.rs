//! The handle of a channel.

mod callback;
mod file;
mod receive;
mod send;

pub use callback::CallbackResult;
pub use file::{ChannelFileRead, ChannelFileWrite};
pub use receive::Iter;
#[cfg(feature = "serde")]
pub(crate) use receive::next_item;

use alloc::sync::Arc;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig};

use crate::api::gateway::Gateway;
use crate::engine::ChannelCondvars;
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::item::channel_handle;
use crate::session::{EXPLICIT_CLOSE, empty, encode};

/// One end of a channel of a gateway: items are sent and received, until one side closes it.
///
/// Handles are cheap to clone, and can be used from several threads: each item goes to one of the receivers. Two
/// handles are equal if they are of the same channel.
///
/// # Dropping
///
/// Dropping the last handle of an open channel closes it: remote code that waits for an item sees the end of the
/// channel. Dropping does not block on the link: the frame is sent with the next write, behind all items that were sent
/// before. Items that were not received are lost.
///
/// A channel with a [callback](Self::set_callback) still receives without handles: only sending ends.
#[derive(Clone)]
pub struct Channel {
    inner: Arc<Inner>,
}

struct Inner {
    gateway: Gateway,
    id: ChannelId,
    condvars: Arc<ChannelCondvars>,
}

impl Channel {
    pub(crate) fn new(gateway: Gateway, id: ChannelId, condvars: Arc<ChannelCondvars>) -> Self {
        let inner = Arc::new(Inner {
            gateway,
            id,
            condvars,
        });
        Self { inner }
    }

    /// The id of the channel, which is the same on both sides.
    #[must_use]
    pub fn id(&self) -> ChannelId {
        self.inner.id
    }

    /// The gateway of the channel.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.inner.gateway
    }

    /// Closes the channel. Items that have arrived can still be received. Closing a closed channel has no effect.
    ///
    /// This does not block on the link: the frame is sent with the next write, behind all items that were sent before.
    ///
    /// The function of a call cannot close the channel of the call: as in execnet, the channel stays open until the
    /// function returns, and then the controller gets an error that says so, instead of a clean end.
    pub fn close(&self) {
        let frame = empty(MessageCode::ChannelClose, self.id());
        self.gateway().shared().close(self.id(), &frame);
    }

    /// Ends sending, behind all items that were sent before: at the peer `for item in channel` ends, and `receive` raises
    /// `EOFError`. Items of the peer are still received; sending fails from now on.
    ///
    /// This does not block on the link. A stock worker whose code has seen the end of the items does not send the end
    /// of the code: the channel then stays open here until the gateway ends.
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
        let frame = empty(MessageCode::ChannelLastMessage, self.id());
        self.gateway().shared().finish_sending(self.id(), &frame);
    }

    /// Closes the channel with an error: receiving on the other side raises it, as `RemoteError`.
    ///
    /// The function of a call returns its error instead: it cannot close the channel of the call, see
    /// [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// The text is longer than the format allows; then the channel stays open.
    pub fn close_with_error(&self, text: &str) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelCloseError, self.id(), text)?;
        self.gateway().shared().close(self.id(), &frame);
        Ok(())
    }

    /// Whether nothing can be sent any more: one side has closed the channel, or the link has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = self.gateway().shared().state.lock();
        state.lifecycle.is_closed(&state.session, self.id())
    }

    /// Sets how strings are decoded in the items that arrive from now on, on both sides.
    ///
    /// # Errors
    ///
    /// The gateway was exited, or the connection is lost.
    pub fn reconfigure(&self, strings: StrConfig) -> Result<(), SendError> {
        // Here first: the peer's items with the new settings can only arrive after the frame.
        {
            let mut state = self.gateway().shared().state.lock();
            state.session.reconfigure_channel(self.id(), strings);
        }
        self.gateway().send_strings(self.id(), strings)
    }

    /// Sets how strings are decoded in the items that arrive here from now on. The peer gets a RECONFIGURE only if it
    /// would decode ours in another way: execnet 3 has no such message.
    ///
    /// # Errors
    ///
    /// As [`reconfigure`](Self::reconfigure).
    #[doc(hidden)]
    pub fn decode_strings(&self, strings: StrConfig) -> Result<(), SendError> {
        let mut state = self.gateway().shared().state.lock();
        let session = &mut state.session;
        // The peer never gets a string of Python 2: only this setting matters there.
        if session.strings(self.id()).py3str_as_py2str == strings.py3str_as_py2str {
            session.reconfigure_channel(self.id(), strings);
            return Ok(());
        }
        drop(state);
        self.reconfigure(strings)
    }

    /// The handle of the channel of an accepted call.
    pub(crate) fn of_call(gateway: &Gateway, id: ChannelId) -> Self {
        // The session has counted this handle in `accept`.
        let condvars = gateway.shared().state.lock().condvars_of(id);
        Self::new(gateway.clone(), id, condvars)
    }

    /// Stops counting a call of this many bytes as waiting: it begins, or is refused.
    pub(crate) fn begin_call(&self, payload: usize) {
        let shared = self.gateway().shared();
        shared.state.lock().session.call_begins(payload);
    }

    /// Closes the channel: the call has ended.
    pub(crate) fn end_call(&self, failure: Option<&str>) {
        let shared = self.gateway().shared();
        // Before the frame: a peer that sees the end and requests the status must find one call less.
        let tried_to_close = shared.state.lock().session.call_done(self.id());
        let failure = failure.or(tried_to_close.then_some(EXPLICIT_CLOSE));
        let error = failure.map(|text| encode(MessageCode::ChannelCloseError, self.id(), text));
        match error {
            Some(Ok(frame)) => shared.close_now(self.id(), &frame),
            // Also for a text above 2 GiB: the peer must see an end.
            _ => shared.close_now(self.id(), &empty(MessageCode::ChannelClose, self.id())),
        }
    }

    /// Marks the channel as closed without a frame: the peer has never heard of it, or has closed it.
    pub(crate) fn forget(&self) {
        let mut state = self.gateway().shared().state.lock();
        // The result is whether a frame has to be sent. The drop of the handle sends none for a closed channel.
        let _ = state.session.close(self.id());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Runs in any thread, also in the callback thread: `release` only queues frames, and never blocks on the link.
        self.gateway.shared().release(self.id);
    }
}

channel_handle!(Channel, gateway);
