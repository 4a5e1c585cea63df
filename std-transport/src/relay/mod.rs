//! Processes that another gateway starts for us, and whose streams it carries: how `via=` works.
//!
//! Two channels of the middle gateway belong to each: one for the bytes of standard input and output, one for orders
//! and events. The worker over there knows nothing of this; the program that does it is sent when it is needed.

mod events;
mod sender;
mod state;
mod stream;
mod via;

pub(crate) use via::start;
