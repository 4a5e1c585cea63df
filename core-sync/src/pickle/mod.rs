//! Items as pickles, which CPython reads and writes in C: between a controller and a worker that agreed on them.
//!
//! The payload of such an item is a pickle, followed by the opcode STOP. Its first byte, 0x80, is no opcode of execnet. Items
//! become pickles just before they are written, and opcodes again just before they are decoded: the session and the decoders
//! do not know of them. docs/protocol.md has the format.

mod error;
#[cfg(feature = "std")]
mod integers;
#[cfg(feature = "std")]
mod marks;
#[cfg(feature = "std")]
mod memo;
#[cfg(feature = "std")]
mod ops;
#[cfg(feature = "std")]
mod plan;
#[cfg(feature = "std")]
mod read;
#[cfg(feature = "std")]
mod spare;
#[cfg(feature = "std")]
mod write;

pub use error::PickleError;

#[cfg(feature = "std")]
pub use read::to_opcodes;
#[cfg(feature = "std")]
pub use write::{from_opcodes, from_opcodes_with_memo};
#[cfg(feature = "std")]
pub(crate) use {spare::keep as keep_buffer, write::replace_payload};

/// The first byte of a pickle, its opcode PROTO.
#[cfg(feature = "std")]
const PROTO: u8 = 0x80;

/// The protocol that is written and read: its format is fixed, and Python 3.4 and later read it.
#[cfg(feature = "std")]
const PROTOCOL: u8 = 4;

#[cfg(feature = "std")]
#[cfg(test)]
mod tests;

/// Whether the payload of an item is a pickle.
#[cfg(feature = "std")]
pub(crate) fn is_pickle(payload: &[u8]) -> bool {
    payload.first() == Some(&PROTO)
}
