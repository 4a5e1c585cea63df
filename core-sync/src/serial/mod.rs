//! Connections over a serial line: a UART, USB, or a socket that leads to one.
//!
//! A serial line has no connections: it has no beginning and no end, and either side can restart in the middle of a frame
//! while the other side keeps running. This module adds marks to the bytes of the frames. A [`Mark`] begins or ends a
//! connection, and is found in the stream wherever it comes: it starts with a byte that the data never has.
//!
//! | bytes | meaning |
//! |---|---|
//! | `C0`, kind, number (4 bytes, big-endian), check | a mark; the check is the exclusive or of the five bytes before it and `A5` |
//! | `DB DC` | the byte `C0`, in data and in marks |
//! | `DB DD` | the byte `DB`, in data and in marks |
//! | any other | itself |
//!
//! The controller sends [`Mark::Begin`] with a random number, again and again until the device answers with
//! [`Mark::Accept`] of the same number, and ignores everything before that answer: noise, and the rest of an earlier
//! connection. From then on both sides send frames. A device that finds a `Begin` of another number ends the connection it
//! has. A side that ends a connection sends [`Mark::End`]; a device that has restarted sends it with the number 0.
//!
//! A mark costs no memory for a packet, and data that has no special bytes is unchanged. There is no checksum of the data,
//! as execnet has none: a line that changes or loses bytes needs flow control, or a protocol of its own below this one.
//!
//! With the feature `alloc`, [`Listener`] is the device's end, with the two halves of a link for an
//! [`Endpoint`](crate::Endpoint).

mod codec;
#[cfg(feature = "alloc")]
mod halves;
#[cfg(feature = "alloc")]
mod listener;

pub use codec::{Decoded, Decoder, Event, MAX_MARK, Mark, encode, encode_mark};
#[cfg(feature = "alloc")]
pub use halves::{Error, Reader, Writer};
#[cfg(feature = "alloc")]
pub use listener::{Halves, Listener};
