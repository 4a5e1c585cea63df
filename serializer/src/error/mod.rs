//! The errors of reading and writing; those of `literal` and `json` are with their code.

mod dump;
mod load;
#[cfg(feature = "serde")]
mod path;
mod stream;
#[cfg(feature = "serde")]
mod text;
#[cfg(feature = "serde")]
mod typed;

pub use dump::DumpError;
pub(crate) use dump::Refusal;
pub use load::LoadError;
pub(crate) use load::LoadErrorKind;
#[cfg(feature = "serde")]
pub(crate) use path::Segment;
#[cfg(feature = "alloc")]
pub use stream::ReadError;
pub use stream::{EncodeError, StreamError};
#[cfg(feature = "serde")]
pub use typed::TypedError;

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
