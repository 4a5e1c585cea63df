use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use execnet_serializer::{ChannelId, LoadOptions, Value};

use crate::channel::Channel;
use crate::error::ItemError;
use crate::gateway::{Bell, Gateway};
use crate::session::Queued;

/// What [`Channel::receive`] gives: a value, and the channels that it names.
///
/// It can be used as the [`Value`] it is, and compares with one. In the value a channel is but a number
/// ([`Value::Channel`]); the item holds its handle, so that the channel lives for as long as the item does.
/// Keep a clone of the handle to keep the channel: where an item is dropped without that, the peer sees those
/// channels closed.
#[derive(Clone)]
pub struct Item {
    value: Value,
    /// In the order of their ids.
    channels: Vec<Channel>,
}

impl Item {
    pub(crate) fn new(value: Value, channels: Vec<Channel>) -> Self {
        Self { value, channels }
    }

    /// Decodes an item that was taken.
    pub(crate) fn decode(encoded: Encoded) -> Result<Self, ItemError> {
        let value = encoded.options.loads_internal(&encoded.payload);
        Ok(Self::new(value.map_err(ItemError::Load)?, encoded.channels))
    }

    /// The value alone. Channels it names are closed, unless a handle of them was kept.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The channels that the value names, in the order of their ids.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The channel of this id, if the value names it.
    #[must_use]
    pub fn channel(&self, id: ChannelId) -> Option<&Channel> {
        let found = self.channels.binary_search_by_key(&id, Channel::id);
        found.ok().and_then(|at| self.channels.get(at))
    }

    /// Where the value is a channel, its handle.
    #[must_use]
    pub fn as_channel(&self) -> Option<&Channel> {
        match self.value {
            Value::Channel(id) => self.channel(id),
            _ => None,
        }
    }

    /// The value and the channels that it names.
    #[must_use]
    pub fn into_parts(self) -> (Value, Vec<Channel>) {
        (self.value, self.channels)
    }
}

/// An item that was taken and not decoded yet, with the channels that it names: where it cannot be decoded, they are
/// let go.
pub(crate) struct Encoded {
    pub(crate) payload: Vec<u8>,
    /// How its strings are to be read, and how much it may cost.
    pub(crate) options: LoadOptions,
    pub(crate) channels: Vec<Channel>,
}

impl Encoded {
    /// `bells` are those of the channels that the item names, in their order.
    ///
    /// What is done with it is to be done outside of any lock: decoding takes its time with a large item, and dropping
    /// a channel takes locks.
    pub(crate) fn new(
        gateway: &Gateway,
        queued: Queued,
        bells: Vec<Arc<Bell>>,
    ) -> Result<Self, ItemError> {
        // First of all: these have to be dropped also where there is an error.
        let channels = queued.references.iter().zip(bells);
        let channels: Vec<Channel> = channels
            .map(|(&id, bell)| Channel::new(gateway.clone(), id, bell))
            .collect();
        if let Some(refused) = queued.refused {
            return Err(ItemError::Channel(refused));
        }
        let limits = gateway.shared().config.limits;
        Ok(Self {
            payload: queued.payload,
            options: LoadOptions::new().strings(queued.strings).limits(limits),
            channels,
        })
    }
}

impl Deref for Item {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl AsRef<Value> for Item {
    fn as_ref(&self) -> &Value {
        &self.value
    }
}

impl From<Item> for Value {
    fn from(item: Item) -> Self {
        item.value
    }
}

impl PartialEq<Value> for Item {
    fn eq(&self, other: &Value) -> bool {
        self.value == *other
    }
}

impl PartialEq<Item> for Value {
    fn eq(&self, other: &Item) -> bool {
        *self == other.value
    }
}

/// Items are equal if their values are.
impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// As the value: in Python's notation.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.value, f)
    }
}
