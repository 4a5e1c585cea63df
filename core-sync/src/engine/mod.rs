//! What drives a session over a link, with threads: one that reads, and two that are started when they are first needed,
//! one that writes what others must not wait for, and one that calls callbacks.
//!
//! It deals in ids of channels and in encoded items. The handles that programs hold are made of these in
//! [`api`](crate::api).

mod after;
mod callback;
mod config;
mod delivery;
mod dispatch;
mod ending;
mod executor;
mod outbox;
mod reader;
mod shared;
mod source;
mod state;
mod threads;
mod turn;
mod waker;
mod write;

pub(crate) use after::After;
pub(crate) use callback::{Callback, Held, RawItem};
pub use config::{ExecModel, GatewayConfig};
pub(crate) use executor::Executor;
pub(crate) use shared::Shared;
pub(crate) use waker::Bell;
