//! Channels whose items are encoded by postcard.

use alloc::format;
use alloc::vec::Vec;
use core::any::type_name;
use core::fmt;
use core::marker::PhantomData;
#[cfg(feature = "std")]
use core::time::Duration;

use execnet_serializer::{Bytes, Token, Tokens};
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

#[cfg(feature = "std")]
use crate::api::Channel;
use crate::endpoint::EndpointChannel;
use crate::error::{ItemError, ReceiveError, SendError, TypeError};
use crate::item::RawItem;
#[cfg(feature = "std")]
use crate::sync::Deadline;

/// A channel for values of two types, one for each direction, encoded by [postcard](https://docs.rs/postcard): smaller and
/// faster than execnet's format, for peers that agree on the types. With the feature `postcard`.
///
/// Each value is one item of bytes. A peer that does not know the types, such as Python code, sees only the bytes. Postcard
/// does not encode the type: if the peer has another type, the result is an error or another value.
///
/// `C` is the underlying channel: a [`Channel`](crate::Channel) of a gateway, or an [`EndpointChannel`].
pub struct PostcardChannel<C, S, R> {
    channel: C,
    types: PhantomData<fn(S) -> R>,
}

#[cfg(feature = "std")]
impl Channel {
    /// The same channel for values in postcard's format: `S` is sent, `R` received.
    ///
    /// ```no_run
    /// # fn example(gateway: execnet_core_sync::Gateway) -> Result<(), Box<dyn std::error::Error>> {
    /// let sums = gateway.remote_exec("sum")?.postcard::<Vec<u32>, u64>();
    /// sums.send(&vec![1, 2, 3])?;
    /// assert_eq!(sums.receive()?, 6);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn postcard<S: Serialize, R: DeserializeOwned>(&self) -> PostcardChannel<Self, S, R> {
        PostcardChannel::of(self)
    }
}

impl EndpointChannel {
    /// The same channel for values in postcard's format: `S` is sent, `R` received.
    #[must_use]
    pub fn postcard<S: Serialize, R: DeserializeOwned>(&self) -> PostcardChannel<Self, S, R> {
        PostcardChannel::of(self)
    }
}

impl<C: Clone, S, R> PostcardChannel<C, S, R> {
    fn of(channel: &C) -> Self {
        Self {
            channel: channel.clone(),
            types: PhantomData,
        }
    }
}

impl<C, S, R> PostcardChannel<C, S, R> {
    /// The underlying channel.
    #[must_use]
    pub fn channel(&self) -> &C {
        &self.channel
    }
}

#[cfg(feature = "std")]
impl<S: Serialize, R: DeserializeOwned> PostcardChannel<Channel, S, R> {
    /// Sends a value.
    ///
    /// # Errors
    ///
    /// As [`Channel::send`], or postcard cannot represent the value, for example a sequence of unknown length.
    pub fn send(&self, item: &S) -> Result<(), SendError> {
        self.channel.send(encode(item)?)
    }

    /// Waits for the next value.
    ///
    /// # Errors
    ///
    /// As [`Channel::receive`]. An item that is not an `R` is [`ItemError::Type`]; it is skipped, and the channel stays
    /// open.
    pub fn receive(&self) -> Result<R, ReceiveError> {
        self.channel.typed(Deadline::NEVER, |raw| decode(&raw))
    }

    /// As [`receive`](Self::receive), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive), or [`ReceiveError::Timeout`].
    pub fn receive_timeout(&self, timeout: Duration) -> Result<R, ReceiveError> {
        let deadline = Deadline::after(timeout);
        self.channel.typed(deadline, |raw| decode(&raw))
    }
}

impl<S: Serialize, R: DeserializeOwned> PostcardChannel<EndpointChannel, S, R> {
    /// Sends a value.
    ///
    /// # Errors
    ///
    /// As [`EndpointChannel::send`], or postcard cannot represent the value, for example a sequence of unknown length.
    pub fn send(&self, item: &S) -> Result<(), SendError> {
        self.channel.send(encode(item)?)
    }

    /// Waits for the next value, reading frames until it is there.
    ///
    /// # Errors
    ///
    /// As [`EndpointChannel::receive`]. An item that is not an `R` is [`ItemError::Type`]; it is skipped, and the
    /// channel stays open.
    pub fn receive(&self) -> Result<R, ReceiveError> {
        Ok(decode(&self.channel.receive_raw()?)?)
    }
}

fn encode<S: Serialize>(item: &S) -> Result<Bytes<Vec<u8>>, SendError> {
    let bytes = postcard::to_allocvec(item).map_err(|error| {
        let name = type_name::<S>();
        let text = format!("postcard cannot encode a {name}: {error}");
        SendError::Type(TypeError::new(text))
    })?;
    Ok(Bytes(bytes))
}

fn decode<C, R: DeserializeOwned>(raw: &RawItem<C>) -> Result<R, ItemError> {
    let mut tokens = Tokens::new(&raw.payload).map(Result::ok);
    let (item, end) = (tokens.next().flatten(), tokens.next().flatten());
    let (Some(Token::Bytes(bytes)), Some(Token::Stop)) = (item, end) else {
        let text = "an item of a postcard channel must be bytes".into();
        return Err(ItemError::Type(TypeError::new(text)));
    };
    let whole = postcard::take_from_bytes(bytes).and_then(|(value, rest)| match rest {
        [] => Ok(value),
        // The peer's type may begin like this one and be longer.
        _ => Err(postcard::Error::DeserializeBadEncoding),
    });
    whole.map_err(|error| {
        let (name, size) = (type_name::<R>(), bytes.len());
        let text = format!("{size} bytes of postcard are not a {name}: {error}");
        ItemError::Type(TypeError::new(text))
    })
}

impl<C: Clone, S, R> Clone for PostcardChannel<C, S, R> {
    fn clone(&self) -> Self {
        Self::of(&self.channel)
    }
}

impl<C: fmt::Debug, S, R> fmt::Debug for PostcardChannel<C, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostcardChannel")
            .field(&self.channel)
            .finish()
    }
}
