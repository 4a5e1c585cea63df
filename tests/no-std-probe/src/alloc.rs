//! Links while `execnet-serializer` with a heap, and `execnet-core-sync` without its features, need
//! no std, then uses them. The exit status is 0, or the number of the step that failed.
#![no_std]
#![no_main]

extern crate alloc;

mod bare;

use alloc::string::ToString as _;

use execnet_core_sync as _;
use execnet_serializer::{Value, dumps, loads};

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The C runtime's entry, as there is no other without std.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    work().err().unwrap_or(0)
}

fn work() -> Result<(), i32> {
    let value = Value::from((1, "two", [3.5, 4.0]));
    let bytes = dumps(&value).map_err(|_| 1)?;
    let loaded = loads(&bytes).map_err(|_| 2)?;
    if loaded != value {
        return Err(3);
    }
    match loads(&bytes[..bytes.len() - 1]) {
        Err(error) if error.is_truncated() && !error.to_string().is_empty() => Ok(()),
        _ => Err(4),
    }
}
