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
//! - [`Endpoint`]: the session driven by the threads that wait, without threads of its own and without `std`.
//! - [`worker`]: Rust functions that a peer calls.
//!
//! # Features
//!
//! - `std` (default): gateways with threads. Without it the crate is `no_std` with `alloc`: frames, the session and
//!   endpoints.
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

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod endpoint;
pub mod frame;
pub mod session;
pub mod worker;

mod call;
#[cfg(feature = "std")]
mod deadline;
mod dedent;
mod disconnected;
mod error;
mod item;
mod lifecycle;
mod link_error;
mod options;
#[doc(hidden)]
pub mod pickle;
mod report;
mod status;
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
pub use disconnected::{DisconnectReason, Disconnected, SharedError};
pub use endpoint::Endpoint;
pub use error::{
    CallbackError, ItemError, ReceiveError, SendError, StatusError, TypeError, WaitCloseError,
};
pub use item::{ChannelHandle, Received};
pub use link_error::LinkError;
pub use pickle::PickleError;
pub use report::{Report, report};
#[doc(hidden)]
pub use report::{controls_terminal, escaped};
pub use session::{InboxLimits, InboxOverflow, OverflowPolicy, RefusedId, RemoteError, Role};
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
