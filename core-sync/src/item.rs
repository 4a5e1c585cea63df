use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use execnet_serializer::{ChannelId, Limits, LoadOptions, Value};

use crate::error::ItemError;
use crate::session::QueuedItem;

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
pub struct Received<C> {
    value: Value,
    /// In the order of their ids.
    channels: Vec<C>,
}

impl<C: Handle> Received<C> {
    pub(crate) fn new(value: Value, channels: Vec<C>) -> Self {
        Self { value, channels }
    }

    /// Decodes an item that was taken.
    pub(crate) fn decode(raw: RawItem<C>) -> Result<Self, ItemError> {
        let value = raw.options.loads(&raw.payload);
        Ok(Self::new(value?, raw.channels))
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
pub(crate) struct RawItem<C> {
    pub(crate) payload: Vec<u8>,
    /// How its strings are to be read, and how much it may cost.
    pub(crate) options: LoadOptions,
    pub(crate) channels: Vec<C>,
}

impl<C> RawItem<C> {
    /// `channels` are those that the item names, in the order of their ids.
    ///
    /// What is done with it is to be done outside of any lock: decoding takes its time with a large item, and dropping
    /// a channel takes locks.
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

/// As the value: in Python's notation.
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
