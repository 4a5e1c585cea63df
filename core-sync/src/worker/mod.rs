//! Functions that a peer may call: the worker's side, in Rust.
//!
//! A worker knows functions by name; see [`Function`] for what can be one. What a peer asks for is a call when it
//! names a function, in either of two ways:
//!
//! - by `call_name`, with keyword arguments: `gw.remote_exec(f, n=3)` in Python, where `f` is a function of that
//!   name whose body does not matter, or [`Gateway::remote_exec_function`](crate::Gateway::remote_exec_function);
//! - by source that is nothing but the name: `gw.remote_exec("f")`.
//!
//! Everything else is refused, with an error that names the functions there are. A function's channel is closed when
//! it returns; with an error, where it returns one or panics.

#[cfg(feature = "serde")]
mod arguments;
mod failure;
mod function;
mod kwargs;
mod registry;
mod request;

#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "std")]
mod serve;
#[cfg(feature = "std")]
mod stdio;

pub use function::{Function, IntoCallResult};
pub use kwargs::Kwargs;
#[cfg(feature = "std")]
pub use serve::{Grace, ServeError, Worker};

pub(crate) use failure::Failure;
pub(crate) use registry::Registry;
