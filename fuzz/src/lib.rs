//! Properties that hold for any input, each an ordinary function: the fuzz targets call them with
//! what libFuzzer makes up, the tests with stored inputs.
//!
//! A property panics when it does not hold.
#![forbid(unsafe_code)]

extern crate alloc;

mod pickle;
mod pickle_differential;
#[cfg(unix)]
mod rsync;
mod serializer;
mod session;
mod work;

#[path = "../../core-sync/tests/model/mod.rs"]
mod model;
#[path = "../../core-sync/tests/pickle_memo/without_memo.rs"]
mod without_memo;

pub use pickle_differential::pickle_differential;
#[cfg(unix)]
pub use rsync::{rsync_receiver, rsync_sender};
pub use serializer::{Stock, differential, serde_types};
pub use session::{frames, session};

/// Properties of bytes that are decoded, or text that is parsed: what they do takes time in proportion to the input too.
macro_rules! bounded {
    ($($module:ident: $($property:ident)*;)*) => {$($(
        pub fn $property(input: &[u8]) {
            work::bounded($module::$property, input);
        }
    )*)*};
}

bounded! {
    serializer: decode roundtrip tokens_vs_value document_vs_value stream_vs_value serde_vs_value literal json;
    pickle: pickle;
}
