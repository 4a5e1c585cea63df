//! Received items, and the handles of the channels that they name.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use execnet_serializer::{ChannelId, Limits, LoadOptions, Value};

use crate::error::ItemError;
#[cfg(feature = "std")]
use crate::pickle;
use crate::session::QueuedItem;

/// A handle of a channel: of a gateway or of an endpoint.
pub trait ChannelHandle {
    /// The id of the channel.
    #[doc(hidden)]
    fn number(&self) -> ChannelId;
}

/// Implements the traits that all channel handles share. Two handles are equal if they are of the same channel.
macro_rules! channel_handle {
    ($channel:ident, $owner:ident) => {
        impl $crate::item::ChannelHandle for $channel {
            fn number(&self) -> ChannelId {
                self.id()
            }
        }

        /// Writes the id of the channel, which the peer makes a channel of its own. The id of a channel of another
        /// connection would name an unrelated channel there.
        impl execnet_serializer::Dump for $channel {
            fn dump<W: embedded_io::Write>(
                &self,
                encoder: &mut execnet_serializer::Encoder<W>,
            ) -> Result<(), execnet_serializer::EncodeError<W::Error>> {
                encoder.channel(self.id())
            }
        }

        impl PartialEq for $channel {
            fn eq(&self, other: &Self) -> bool {
                self.id() == other.id() && self.$owner() == other.$owner()
            }
        }

        impl Eq for $channel {}

        impl core::hash::Hash for $channel {
            fn hash<H: core::hash::Hasher>(&self, hasher: &mut H) {
                self.id().hash(hasher);
                self.$owner().hash(hasher);
            }
        }

        /// `<Channel id=1 open>`
        impl fmt::Display for $channel {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let state = if self.is_closed() { "closed" } else { "open" };
                write!(f, "<Channel id={} {state}>", self.id().0)
            }
        }

        impl fmt::Debug for $channel {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

pub(crate) use channel_handle;

/// A received item: a value, and the handles, of type `C`, of the channels that it names.
///
/// It dereferences to its [`Value`], and compares with one. In the value a channel is only an id ([`Value::Channel`]);
/// the item owns its handle. Dropping the item closes these channels, unless the program keeps a clone of the handle.
#[derive(Clone)]
pub struct Received<C> {
    value: Value,
    /// Sorted by id.
    channels: Vec<C>,
}

impl<C: ChannelHandle> Received<C> {
    pub(crate) fn new(value: Value, channels: Vec<C>) -> Self {
        Self { value, channels }
    }

    /// Decodes a taken item.
    #[cfg(feature = "std")]
    pub(crate) fn decode(raw: RawItem<C>) -> Result<Self, ItemError> {
        let value = raw.options.loads(&raw.payload);
        if raw.was_pickle {
            pickle::keep_buffer(raw.payload);
        }
        Ok(Self::new(value?, raw.channels))
    }

    /// The value alone. Channels that it names are closed, unless a clone of their handle was kept.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The channels that the value names, in the order of their ids.
    #[must_use]
    pub fn channels(&self) -> &[C] {
        &self.channels
    }

    /// The channel of this id, if the value names it.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&C> {
        let found = self.channels.binary_search_by_key(&id, C::number);
        found.ok().and_then(|at| self.channels.get(at))
    }

    /// The handle of the channel, if the value is a channel.
    #[must_use]
    pub fn as_channel(&self) -> Option<&C> {
        match self.value {
            Value::Channel(id) => self.channel(id),
            _ => None,
        }
    }

    /// The value and the channels that it names.
    #[must_use]
    pub fn into_parts(self) -> (Value, Vec<C>) {
        (self.value, self.channels)
    }
}

/// A taken item that is not decoded yet, with the handles of the channels that it names.
pub(crate) struct RawItem<C> {
    pub(crate) payload: Vec<u8>,
    /// The string settings of its arrival, and the limits on decoding.
    pub(crate) options: LoadOptions,
    pub(crate) channels: Vec<C>,
    /// The payload was made of a pickle.
    #[cfg(feature = "std")]
    pub(crate) was_pickle: bool,
}

impl<C> RawItem<C> {
    /// `channels` are those that the item names, in the order of their ids.
    ///
    /// The caller holds no lock: decoding a large item takes time, and dropping a handle takes locks.
    pub(crate) fn new(
        queued: QueuedItem,
        channels: Vec<C>,
        limits: Limits,
    ) -> Result<Self, ItemError> {
        if let Some(refused) = queued.refused {
            return Err(ItemError::Channel(refused));
        }
        Ok(Self {
            payload: queued.payload,
            options: LoadOptions::wire()
                .with_strings(queued.strings)
                .with_limits(limits),
            channels,
            #[cfg(feature = "std")]
            was_pickle: false,
        })
    }
}

impl<C> Deref for Received<C> {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl<C> AsRef<Value> for Received<C> {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

impl<C> From<Received<C>> for Value {
    fn from(item: Received<C>) -> Self {
        item.value
    }
}

impl<C> PartialEq<Value> for Received<C> {
    fn eq(&self, other: &Value) -> bool {
        self.value == *other
    }
}

impl<C> PartialEq<Received<C>> for Value {
    fn eq(&self, other: &Received<C>) -> bool {
        *self == other.value
    }
}

/// Items are equal if their values are.
impl<C> PartialEq for Received<C> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The value in Python's notation.
#[cfg(feature = "literal")]
impl<C> fmt::Display for Received<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<C> fmt::Debug for Received<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}
