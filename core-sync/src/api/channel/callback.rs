//! Callbacks, which take the items of a channel in a thread of the gateway.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use super::Channel;
use crate::api::Item;
use crate::engine::{Callback, Held, TakenItem};
use crate::error::{CallbackError, SetCallbackError};
use crate::item::RawItem;

/// An item for a callback, which decodes it. It is held if the callback keeps its items in a queue of the program.
pub(crate) type Arrived = (RawItem<Channel>, Option<Held>);

/// The return type of a callback: nothing, or a result whose error closes the channel.
pub trait CallbackResult {
    /// The text of the error, if there is one.
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
    /// Calls `callback` with each item of the channel, in order, beginning with those that have arrived already.
    /// Receiving is an error from now on.
    ///
    /// # Thread
    ///
    /// The callback runs in the callback thread of the gateway, never in the thread that reads: it may block, send, and
    /// wait for other channels. It delays only the callbacks of other channels of the same gateway. It must not wait
    /// for the end of its own channel.
    ///
    /// # End
    ///
    /// The callback ends with the channel, after all items, also those that arrived before a [`close`](Self::close);
    /// [`wait_close`](Self::wait_close) returns after that. A callback that returns an error or panics closes its
    /// channel, and so does an item that cannot be decoded: the peer gets the text of the error, `wait_close` and
    /// [`callback_error`](Self::callback_error) return it, and other channels are not affected.
    ///
    /// Dropping all handles of the channel does not end the callback: the peer learns that it will receive no more
    /// items, and its own items still reach the callback. A callback that owns a handle of its own channel keeps the
    /// channel open until the peer closes it.
    ///
    /// # Errors
    ///
    /// The channel has a callback already, or the callback thread cannot be started.
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

    /// As [`set_callback`](Self::set_callback), with an end marker: when the channel has ended for any reason, the
    /// callback is called a last time, with `None`.
    ///
    /// A callback that has returned an error still gets the end marker. One that has panicked is not called again.
    ///
    /// # Errors
    ///
    /// As [`set_callback`](Self::set_callback).
    pub fn set_callback_with_end_marker<R: CallbackResult>(
        &self,
        mut callback: impl FnMut(Option<Item>) -> R + Send + 'static,
    ) -> Result<(), SetCallbackError> {
        self.install(true, false, move |item| {
            failed(callback(item.map(decoded).transpose()?))
        })
    }

    /// Sets a callback that decodes its items, with an end marker if it wants one. If it `holds` items, they count as
    /// unreceived until it drops their [`Held`].
    pub(crate) fn install(
        &self,
        end_marker: bool,
        holds: bool,
        mut callback: impl FnMut(Option<Arrived>) -> Result<(), CallbackError> + Send + 'static,
    ) -> Result<(), SetCallbackError> {
        // A weak handle: a strong one would keep the gateway from exiting when the program drops its last handle.
        let gateway = self.gateway().downgrade();
        let call = move |shared: &_, item: Option<TakenItem>| {
            let arrived = item.map(|mut item| {
                // If the next step fails, the hold is dropped, and gives its credit back.
                let held = item.held.take();
                Channel::raw(&gateway.upgrade(shared), item).map(|raw| (raw, held))
            });
            callback(arrived.transpose()?)
        };
        let callback = Callback {
            call: Box::new(call),
            end_marker,
            holds,
        };
        self.gateway().shared().set_callback(self.id(), callback)
    }

    /// Whether a callback takes the items, or did until it ended.
    pub(crate) fn has_callback(&self) -> bool {
        let mut state = self.gateway().shared().state.lock();
        state.has_callback(self.id())
    }

    /// The error of the callback of this channel, if it failed.
    #[must_use]
    pub fn callback_error(&self) -> Option<CallbackError> {
        let mut state = self.gateway().shared().state.lock();
        // Kept in the session, where the handles of this channel keep it alive after the callback is gone.
        state.callback_error(self.id()).cloned()
    }
}

fn decoded((raw, _): Arrived) -> Result<Item, CallbackError> {
    Item::decode(raw).map_err(CallbackError::Item)
}

fn failed(result: impl CallbackResult) -> Result<(), CallbackError> {
    result
        .into_error()
        .map_or(Ok(()), |text| Err(CallbackError::Failed(text)))
}
