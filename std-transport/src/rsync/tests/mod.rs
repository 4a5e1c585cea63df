//! The state machines against each other and against malicious peers, without processes.

#[cfg(unix)]
mod deep;
mod hostile_source;
#[cfg(unix)]
mod hostile_target;
#[cfg(unix)]
mod listing;
#[cfg(feature = "stock-rsync")]
#[cfg(unix)]
mod stock;
#[cfg(unix)]
mod support;
#[cfg(unix)]
mod together;
