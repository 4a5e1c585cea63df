use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use execnet_serializer::{ChannelId, Limits, LoadOptions, Value};

use crate::error::ItemError;
use crate::session::Queued;

/// A handle of a channel, whichever drives it.
pub trait Handle {
    /// The number both sides know the channel by.
    #[doc(hidden)]
    fn number(&self) -> ChannelId;
}

/// What a channel receives: a value, and the handles of the channels that it names, of the type `C`.
///
/// It can be used as the [`Value`] it is, and compares with one. In the value a channel is but a number
/// ([`Value::Channel`]); the item holds its handle, so that the channel lives for as long as the item does.
/// Keep a clone of the handle to keep the channel: where an item is dropped without that, the peer sees those
/// channels closed.
#[derive(Clone)]
pub struct ItemOf<C> {
    value: Value,
    /// In the order of their ids.
    channels: Vec<C>,
}

impl<C: Handle> ItemOf<C> {
    pub(crate) fn new(value: Value, channels: Vec<C>) -> Self {
        Self { value, channels }
    }

    /// Decodes an item that was taken.
    pub(crate) fn decode(encoded: Encoded<C>) -> Result<Self, ItemError> {
        let value = encoded.options.loads(&encoded.payload);
        Ok(Self::new(value.map_err(ItemError::Load)?, encoded.channels))
    }

    /// The value alone. Channels it names are closed, unless a handle of them was kept.
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

    /// Where the value is a channel, its handle.
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

/// An item that was taken and not decoded yet, with the channels that it names: where it cannot be decoded, they are
/// let go.
pub(crate) struct Encoded<C> {
    pub(crate) payload: Vec<u8>,
    /// How its strings are to be read, and how much it may cost.
    pub(crate) options: LoadOptions,
    pub(crate) channels: Vec<C>,
}

impl<C> Encoded<C> {
    /// `channels` are those that the item names, in the order of their ids.
    ///
    /// What is done with it is to be done outside of any lock: decoding takes its time with a large item, and dropping
    /// a channel takes locks.
    pub(crate) fn new(queued: Queued, channels: Vec<C>, limits: Limits) -> Result<Self, ItemError> {
        if let Some(refused) = queued.refused {
            return Err(ItemError::Channel(refused));
        }
        Ok(Self {
            payload: queued.payload,
            options: LoadOptions::wire()
                .with_strings(queued.strings)
                .with_limits(limits),
            channels,
        })
    }
}

impl<C> Deref for ItemOf<C> {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl<C> AsRef<Value> for ItemOf<C> {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

impl<C> From<ItemOf<C>> for Value {
    fn from(item: ItemOf<C>) -> Self {
        item.value
    }
}

impl<C> PartialEq<Value> for ItemOf<C> {
    fn eq(&self, other: &Value) -> bool {
        self.value == *other
    }
}

impl<C> PartialEq<ItemOf<C>> for Value {
    fn eq(&self, other: &ItemOf<C>) -> bool {
        *self == other.value
    }
}

/// Items are equal if their values are.
impl<C> PartialEq for ItemOf<C> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// As the value: in Python's notation.
impl<C> fmt::Display for ItemOf<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl<C> fmt::Debug for ItemOf<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}
