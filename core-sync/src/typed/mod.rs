//! Items as Rust types.

mod call;
#[cfg(feature = "std")]
mod channel;
mod endpoint;
#[cfg(feature = "postcard")]
mod postcard;

#[cfg(feature = "postcard")]
pub use self::postcard::PostcardChannel;

use alloc::string::ToString as _;

use serde_core::de::DeserializeOwned;

use crate::error::{ItemError, TypeError};
use crate::item::RawItem;

pub(crate) fn decode<C, T: DeserializeOwned>(raw: &RawItem<C>) -> Result<T, ItemError> {
    let value = raw.options.from_slice(&raw.payload);
    value.map_err(|error| match error.as_load_error() {
        Some(error) => ItemError::Load(error.clone()),
        None => ItemError::Type(TypeError::new(error.to_string())),
    })
}
