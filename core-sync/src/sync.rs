//! The only module that names locks: those of the standard library, spinning ones without `std`, and loom's in its tests.
//!
//! Poison is ignored: no code of the program runs under a lock, and the crate's own code leaves the guarded data
//! consistent. A panic of code of the transport must not make the gateway unusable for all other threads.
#![allow(clippy::disallowed_types)]

#[cfg(feature = "std")]
pub(crate) use crate::deadline::Deadline;
#[cfg(not(feature = "std"))]
pub(crate) use spinning::Condvar;
#[cfg(not(feature = "std"))]
pub(crate) use std_shims::sync::{Mutex, MutexGuard as Guard};
#[cfg(feature = "std")]
pub(crate) use threads::{Condvar, Guard, Mutex, assert_unlocked};

#[cfg(all(feature = "std", not(loom)))]
pub(crate) use core::sync::atomic;
#[cfg(all(feature = "std", loom))]
pub(crate) use loom::{sync::atomic, thread};
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::thread;

#[cfg(not(feature = "std"))]
mod spinning;
#[cfg(feature = "std")]
mod threads;
