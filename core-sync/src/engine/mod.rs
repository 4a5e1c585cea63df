//! Drives a session over a link with threads. The reader thread starts with the gateway; the writer thread and the callback
//! thread start with their first work.
//!
//! The engine deals in channel ids and encoded items. [`api`](crate::api) makes the handles that programs hold of them.
//!
//! ```text
//!  program's threads ──▶ writer (lock) ──▶ link ──▶ reader, or a receiver with a read lease
//!          │                  ▲                        │
//!          │            writer thread ◀── queue ◀──────┤ replies
//!          ▼                                           ▼
//!        state (lock): session, queues, counts of waiting threads ──▶ effects, run when the lock is free
//! ```

mod callbacks;
mod close;
mod config;
mod delivery;
mod effects;
mod executor;
mod link_input;
mod read_handoff;
mod reader;
mod receive;
mod shared;
mod state;
mod threads;
mod waiters;
mod writer;

pub use config::{ExecModel, GatewayConfig};
pub(crate) use delivery::Callback;
pub(crate) use effects::Effects;
pub(crate) use executor::Executor;
pub(crate) use receive::{Held, TakenItem};
pub(crate) use shared::Shared;
pub(crate) use waiters::{ChannelCondvars, WaitFor};
