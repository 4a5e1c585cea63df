//! Gateways and channels of execnet: run code in an interpreter at the other end of a byte stream, and exchange items
//! with it.
//!
//! This crate starts no process and opens no socket: a transport supplies a [`Link`](link::Link) whose other end speaks
//! the protocol of execnet 2.1, for example stock Python execnet. Programs use the crate `execnet`, which has the
//! transports and re-exports this crate.
//!
//! ```text
//! value ─▶ frame ─▶ may it be sent? ─▶ link ─▶ frames ─▶ session ─▶ inbox ─▶ value
//!          Channel  session, writer            reader                        Channel
//! ```
//!
//! - [`frame`]: the 9-byte header, and reading frames from a stream.
//! - [`session`]: the state machine of one end, without I/O, locks or threads.
//! - [`Gateway`], [`Channel`]: the session driven by threads; with the feature `std`.
//! - [`serial`]: connections over a line that has none, such as a UART.
//! - [`Endpoint`]: the session driven by the threads that wait, without threads of its own and without `std`.
//! - [`worker`]: Rust functions that a peer calls.
//!
//! # Features
//!
//! - `std` (default): `alloc`, and gateways with threads. Without it the crate is `no_std`.
//! - `alloc`: the session and endpoints, on a heap. Without it there are the parts of [`frame`] and [`serial`] that need
//!   none.
//! - `literal` (default): Python's notation of items and of [`RemoteInfo`], as `Display`.
//! - `serde`: items and arguments as Rust types, see [`Channel::receive_as`].
//! - `postcard`: items in postcard's format, between Rust peers, see [`PostcardChannel`].
//! - `test-util`: in-memory links, with fault injection.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
pub mod endpoint;
pub mod frame;
pub mod serial;
#[cfg(feature = "alloc")]
pub mod session;
#[cfg(feature = "alloc")]
pub mod worker;

#[cfg(feature = "alloc")]
mod call;
#[cfg(feature = "std")]
mod deadline;
#[cfg(feature = "alloc")]
mod dedent;
#[cfg(feature = "alloc")]
mod disconnected;
#[cfg(feature = "alloc")]
mod error;
#[cfg(feature = "alloc")]
mod item;
#[cfg(feature = "alloc")]
mod lifecycle;
#[cfg(feature = "alloc")]
mod link_error;
#[cfg(feature = "alloc")]
mod memory;
#[cfg(feature = "alloc")]
mod options;
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub mod pickle;
#[cfg(feature = "alloc")]
mod report;
#[cfg(feature = "alloc")]
mod status;
#[cfg(feature = "alloc")]
mod sync;
#[cfg(all(test, feature = "test-util"))]
mod tests;

#[cfg(feature = "std")]
mod api;
#[cfg(feature = "std")]
mod engine;
#[cfg(feature = "std")]
pub mod link;
#[cfg(feature = "std")]
mod panics;
#[cfg(feature = "test-util")]
pub mod testing;
#[cfg(feature = "std")]
mod trace;
#[cfg(feature = "serde")]
mod typed;

/// The readers and writers of [`frame`], [`endpoint`] and links.
pub use embedded_io;

#[cfg(feature = "std")]
#[doc(hidden)]
pub use deadline::Deadline;
#[cfg(feature = "alloc")]
pub use disconnected::{DisconnectReason, Disconnected, SharedError};
#[cfg(feature = "alloc")]
pub use endpoint::Endpoint;
#[cfg(feature = "alloc")]
pub use error::{
    CallbackError, ItemError, ReceiveError, SendError, StatusError, TypeError, WaitCloseError,
};
#[cfg(feature = "alloc")]
pub use item::{ChannelHandle, Received};
#[cfg(feature = "alloc")]
pub use link_error::LinkError;
#[cfg(feature = "alloc")]
pub use pickle::PickleError;
#[cfg(feature = "alloc")]
pub use report::{Report, report};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use report::{controls_terminal, escaped};
#[cfg(feature = "alloc")]
pub use session::{InboxLimits, InboxOverflow, OverflowPolicy, RefusedId, RemoteError, Role};
#[cfg(feature = "alloc")]
pub use status::Status;

#[cfg(feature = "std")]
pub use api::{
    CallbackResult, Channel, ChannelFileRead, ChannelFileWrite, Gateway, Item, Iter, MultiChannel,
    MultiError, MultiErrors, ReceiveQueue, RemoteInfo,
};
#[cfg(feature = "std")]
pub use engine::{ExecModel, GatewayConfig};
#[cfg(feature = "std")]
pub use error::SetCallbackError;
#[cfg(feature = "postcard")]
pub use typed::PostcardChannel;
#[cfg(feature = "std")]
pub use worker::{Grace, ServeError, Worker};
