//! The commands of `execnet`, run as the real program with a real Python.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod dumps_loads;
mod exec;
mod inspect;
mod packages;
mod pages;
mod rsync;
mod run;
mod serve;
mod shell;
mod status;
mod support;
mod trace;
mod trace_page;
mod vectors;
mod worker;
