//! The machines against each other, and against peers that cheat, without a process between them.

mod deep;
mod hostile_source;
mod hostile_target;
mod listing;
mod stock;
mod support;
mod together;
