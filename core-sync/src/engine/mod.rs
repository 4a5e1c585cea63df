//! What drives a session over a link, with threads: one that reads, and two that are started when they are first needed,
//! one that writes what others must not wait for, and one that calls callbacks.
//!
//! It deals in ids of channels and in encoded items. The handles that programs hold are made of these in
//! [`api`](crate::api).

mod callback;
mod close;
mod config;
mod delivery;
mod effects;
mod executor;
mod link_input;
mod outbox;
mod read_handoff;
mod reader;
mod shared;
mod state;
mod threads;
mod waiters;
mod write;
mod writer;

pub(crate) use callback::{Callback, Held, RawItem};
pub use config::{ExecModel, GatewayConfig};
pub(crate) use effects::Effects;
pub(crate) use executor::Executor;
pub(crate) use shared::Shared;
pub(crate) use waiters::ChannelCondvars;
