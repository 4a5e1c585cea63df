//! One small error for each operation on a channel or gateway.
//!
//! `Display` has the decisive detail of the inner error, so that `source` skips to the inner error's own source: no text
//! occurs twice in a chain. A narrower error converts into a wider one by `From`.

mod channel;
mod item;

pub use channel::{ReceiveError, SendError, StatusError, WaitCloseError};
#[cfg(feature = "std")]
pub use item::SetCallbackError;
pub use item::{CallbackError, ItemError, TypeError};

use execnet_serializer::LoadError;

use crate::disconnected::Disconnected;
use crate::pickle::PickleError;
use crate::session::{EncodeFrameError, InboxOverflow, RefusedId, RemoteError};

/// Converts narrower errors into wider ones.
macro_rules! widen {
    ($($narrow:ty => $wide:ident::$variant:ident),* $(,)?) => {$(
        impl From<$narrow> for $wide {
            fn from(error: $narrow) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

widen! {
    LoadError => ItemError::Load,
    PickleError => ItemError::Pickle,
    RefusedId => ItemError::Channel,
    TypeError => ItemError::Type,
    RemoteError => ReceiveError::Remote,
    Disconnected => ReceiveError::Disconnected,
    ItemError => ReceiveError::Item,
    InboxOverflow => ReceiveError::Overflow,
    EncodeFrameError => SendError::Encode,
    TypeError => SendError::Type,
    Disconnected => SendError::Disconnected,
    RemoteError => WaitCloseError::Remote,
    Disconnected => WaitCloseError::Disconnected,
    InboxOverflow => WaitCloseError::Overflow,
    CallbackError => WaitCloseError::Callback,
    ItemError => CallbackError::Item,
    SendError => StatusError::Send,
    ReceiveError => StatusError::Receive,
}
#[cfg(feature = "std")]
widen! { std::io::Error => SetCallbackError::Thread }
