use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use super::Channel;
use crate::api::{Gateway, Item};
use crate::engine::{Callback, CallbackItem, Held};
use crate::error::{CallbackError, ItemError, SetCallbackError};
use crate::item::RawItem;

/// An item for a callback, which decodes it.
pub(crate) struct Arrived {
    pub(crate) raw: RawItem<Channel>,
    /// Of a callback that has its items go on waiting elsewhere.
    pub(crate) held: Option<Held>,
}

impl Arrived {
    fn new(gateway: &Gateway, item: CallbackItem) -> Result<Self, ItemError> {
        let raw = Channel::raw(gateway, item.queued, item.condvars)?;
        let held = item.held;
        Ok(Self { raw, held })
    }
}

/// What a callback can return: nothing, or a result whose error ends the channel.
pub trait CallbackResult {
    /// The text of the error, if it is one.
    fn into_error(self) -> Option<String>;
}

impl CallbackResult for () {
    fn into_error(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> CallbackResult for Result<(), E> {
    fn into_error(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

impl Channel {
    /// Has `callback` called with each item from now on, in their order, those that wait already first. Receiving is
    /// an error afterwards.
    ///
    /// # How it is called
    ///
    /// By a thread of the gateway that does nothing else, never by the one that reads: it may take its time, send, and
    /// wait for other channels. Only the callbacks of other channels of the same gateway wait for it. It must not
    /// wait for the end of its own channel.
    ///
    /// # How it ends
    ///
    /// With the channel, after all items: what came before a [`close`](Self::close) is still handed over, and
    /// [`wait_close`](Self::wait_close) returns when that is done. A callback that returns an error or panics closes its
    /// channel, as does an item that cannot be decoded: the peer gets the error's text, `wait_close` and
    /// [`callback_error`](Self::callback_error) tell it here, and nothing else is disturbed.
    ///
    /// Dropping all handles of the channel does not end it: the peer is told that nothing is sent to it any more, and
    /// what it sends goes on reaching the callback. Mind that a callback which holds a handle of its own channel
    /// keeps it until the peer ends it.
    ///
    /// # Errors
    ///
    /// The channel has a callback already, or its thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn example(gateway: execnet_core_sync::Gateway) -> Result<(), Box<dyn std::error::Error>> {
    /// let channel = gateway.remote_exec("for i in range(10): channel.send(i)")?;
    /// channel.set_callback(|item| println!("{item}"))?;
    /// channel.wait_close()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_callback<R: CallbackResult>(
        &self,
        mut callback: impl FnMut(Item) -> R + Send + 'static,
    ) -> Result<(), SetCallbackError> {
        self.install(false, false, move |item| {
            item.map_or(Ok(()), |item| failed(callback(decoded(item)?)))
        })
    }

    /// As [`set_callback`](Self::set_callback), with an end marker: when the channel has ended, however that came, the
    /// callback is called a last time, with `None`.
    ///
    /// A callback that returned an error is still told of the end; one that panicked is not called again.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_callback_with_end_marker<R: CallbackResult>(
        &self,
        mut callback: impl FnMut(Option<Item>) -> R + Send + 'static,
    ) -> Result<(), SetCallbackError> {
        self.install(true, false, move |item| {
            failed(callback(item.map(decoded).transpose()?))
        })
    }

    /// Has `callback` called with items that it decodes, and with the end if it wants that. If it `holds` them, they go on
    /// counting as what waits.
    pub(crate) fn install(
        &self,
        end_marker: bool,
        holds: bool,
        mut callback: impl FnMut(Option<Arrived>) -> Result<(), CallbackError> + Send + 'static,
    ) -> Result<(), SetCallbackError> {
        let gateway = self.gateway().downgrade();
        let call = move |shared: &_, item: Option<CallbackItem>| {
            let arrived = item.map(|item| Arrived::new(&gateway.upgrade(shared), item));
            callback(arrived.transpose()?)
        };
        let callback = Callback::new(Box::new(call), end_marker, holds);
        self.gateway().shared().set_callback(self.id(), callback)
    }

    /// Whether a callback takes the items, or did until it was done.
    pub(crate) fn has_callback(&self) -> bool {
        let mut state = self.gateway().shared().state.lock();
        state.has_callback(self.id())
    }

    /// Why the callback of this channel failed, if it did.
    #[must_use]
    pub fn callback_error(&self) -> Option<CallbackError> {
        let mut state = self.gateway().shared().state.lock();
        let waiters = state.session.waiters(self.id())?;
        waiters.callback_error().cloned()
    }
}

fn decoded(arrived: Arrived) -> Result<Item, CallbackError> {
    Item::decode(arrived.raw).map_err(CallbackError::Item)
}

fn failed(result: impl CallbackResult) -> Result<(), CallbackError> {
    result
        .into_error()
        .map_or(Ok(()), |text| Err(CallbackError::Failed(text)))
}
