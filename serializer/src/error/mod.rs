//! Errors of reading and writing.

mod dump;
mod load;
#[cfg(feature = "serde")]
mod located;
#[cfg(feature = "serde")]
mod path;
#[cfg(feature = "alloc")]
mod read;
#[cfg(feature = "serde")]
mod text;

pub(crate) use dump::Refusal;
pub use dump::{DumpError, EncodeError};
pub use load::LoadError;
pub(crate) use load::LoadErrorKind;
#[cfg(feature = "serde")]
pub(crate) use located::Located;
#[cfg(feature = "serde")]
pub(crate) use path::Segment;
#[cfg(feature = "alloc")]
pub use read::ReadError;

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
