//! The handles that programs hold: gateways, channels, and several channels as one.

mod channel;
mod gateway;
mod multi;

#[cfg(feature = "serde")]
pub(crate) use channel::next_item;
pub use channel::{CallbackResult, Channel, ChannelFileRead, ChannelFileWrite, Iter};
pub use gateway::{Gateway, RemoteInfo};
pub(crate) use gateway::{INFO_CALL, answer_info};
pub use multi::{MultiChannel, MultiError, MultiErrors, ReceiveQueue};

use crate::item::Received;

/// An item that a [`Channel`] receives: a value, and the channels that it names.
pub type Item = Received<Channel>;
