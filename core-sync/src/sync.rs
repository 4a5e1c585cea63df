//! The one module that names locks: the standard library's, or spinning ones where there is none.
//!
//! A lock here does not know poison: what it guards is changed by code that does not panic half-way, and a
//! panic elsewhere in a thread that happens to hold it must not take the gateway from all others.
#![allow(clippy::disallowed_types)]

#[cfg(feature = "std")]
pub(crate) use crate::deadline::Deadline;
#[cfg(not(feature = "std"))]
pub(crate) use spinning::Signal;
#[cfg(not(feature = "std"))]
pub(crate) use std_shims::sync::{Mutex, MutexGuard as Guard};
#[cfg(feature = "std")]
pub(crate) use threads::{Condvar, Guard, Mutex, Signal, assert_unlocked};

#[cfg(all(feature = "std", unix, not(loom)))]
pub(crate) use core::sync::atomic;
#[cfg(all(feature = "std", loom))]
pub(crate) use loom::{sync::atomic, thread};
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::thread;

#[cfg(not(feature = "std"))]
mod spinning;
#[cfg(feature = "std")]
mod threads;
