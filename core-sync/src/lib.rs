//! Gateways and channels of execnet: run code in an interpreter at the other end of a byte stream, and talk
//! with it.
//!
//! This crate starts no process and opens no socket: a transport hands it a [`Link`](link::Link) whose other end
//! speaks execnet 2.1's protocol, stock Python execnet included. What users add to their programs is the crate
//! `execnet`, which brings the transports and shows this crate's types under its own name.
//!
//! ```text
//! value ─▶ frame ─▶ may it be sent? ─▶ link ─▶ frames ─▶ session ─▶ inbox ─▶ value
//!          Channel  session, writer            reader                        Channel
//! ```
//!
//! - [`frame`]: the 9-byte header and how frames are cut from a stream.
//! - [`session`]: the state machine of one end, without any I/O, lock or thread.
//! - [`Gateway`], [`Channel`]: the session driven by threads; with the feature `std`.
//!
//! # Features
//!
//! - `std` (default): gateways with threads. Without it the crate is `no_std` with `alloc`, and frames and the
//!   session are what there is.
//! - `serde`: items and arguments as Rust types, see [`Channel::receive_as`].
//! - `postcard`: items as postcard writes them, between Rust peers, see [`PostcardChannel`].
//! - `testing`: links in memory, with faults on request.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
pub mod exec;
pub mod frame;
pub mod session;

#[cfg(feature = "std")]
mod channel;
#[cfg(feature = "std")]
mod dedent;
#[cfg(feature = "std")]
mod disconnected;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "std")]
mod gateway;
#[cfg(feature = "std")]
mod item;
#[cfg(feature = "std")]
pub mod link;
#[cfg(feature = "std")]
mod multi;
#[cfg(feature = "std")]
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "std")]
mod trace;
#[cfg(all(feature = "std", feature = "serde"))]
mod typed;

#[cfg(feature = "std")]
pub use channel::{CallbackResult, Channel, ChannelFileRead, ChannelFileWrite, Iter};
#[cfg(feature = "std")]
pub use disconnected::{DisconnectReason, Disconnected};
#[cfg(feature = "std")]
pub use error::{
    CallbackError, ItemError, ReceiveError, SendError, SetCallbackError, StatusError, TypeError,
    WaitCloseError,
};
#[cfg(feature = "std")]
pub use exec::{Grace, ServeError, Worker};
#[cfg(feature = "std")]
pub use gateway::{ExecModel, Gateway, GatewayConfig, RemoteInfo, Status};
#[cfg(feature = "std")]
pub use item::Item;
#[cfg(feature = "std")]
pub use multi::{MultiChannel, MultiError, ReceiveQueue};
pub use session::{InboxLimits, Overflow, Overflowing, RefusedId, RemoteError, Role};
#[cfg(all(feature = "std", feature = "postcard"))]
pub use typed::PostcardChannel;
