//! Items as Rust types.

mod call;
#[cfg(feature = "std")]
mod channel;
mod endpoint;
#[cfg(feature = "postcard")]
mod postcard;
#[cfg(feature = "std")]
mod queue;

#[cfg(all(feature = "std", feature = "postcard"))]
pub use self::postcard::PostcardChannel;
#[cfg(feature = "postcard")]
pub use self::postcard::{EndpointPostcardChannel, PostcardOf};

use alloc::string::ToString as _;

use serde_core::de::DeserializeOwned;

use crate::error::{ItemError, TypeError};
use crate::item::Encoded;

pub(crate) fn decode<C, T: DeserializeOwned>(encoded: &mut Encoded<C>) -> Result<T, ItemError> {
    let value = encoded.options.from_slice(&encoded.payload);
    value.map_err(|error| match error.as_load_error() {
        Some(error) => ItemError::Load(error.clone()),
        None => ItemError::Type(TypeError::new(error.to_string())),
    })
}
