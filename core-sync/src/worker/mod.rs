//! Rust functions that a peer may call.
//!
//! A worker has functions by name; see [`Function`] for their types. A peer calls a function in one of two ways:
//!
//! - by `call_name`, with keyword arguments: `gw.remote_exec(f, n=3)` in Python, where `f` is a function of that
//!   name whose body does not matter, or [`Gateway::remote_exec_function`](crate::Gateway::remote_exec_function);
//! - by source that is only the name: `gw.remote_exec("f")`.
//!
//! Any other call is refused with an error that lists the functions. The channel of a call is closed when the function
//! returns, with an error if it returns one or panics.

#[cfg(feature = "serde")]
mod arguments;
mod function;
#[cfg(feature = "std")]
mod grace;
mod registry;
mod request;

#[cfg(feature = "std")]
mod pool;
#[cfg(feature = "std")]
mod serve;

pub use function::{Function, IntoCallResult, Kwargs};
pub use registry::Functions;
#[cfg(feature = "std")]
pub use {
    grace::Grace,
    serve::{ServeError, Worker},
};
