//! The state machines against each other and against malicious peers, without processes.

mod deep;
mod hostile_source;
mod hostile_target;
mod listing;
#[cfg(feature = "stock-rsync")]
mod stock;
mod support;
mod together;
