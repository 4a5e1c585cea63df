//! Links while `execnet-serializer` with a heap, and `execnet-core-sync` with types but not with threads, need
//! no std, then uses them. The exit status is 0, or the number of the step that failed.
#![no_std]
#![no_main]

extern crate alloc;

mod bare;
mod wire;

use alloc::boxed::Box;
use alloc::string::ToString as _;
use core::error::Error;

use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::{ReceiveError, Role};
use execnet_serializer::{Value, dumps, loads};

use wire::Wire;

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The C runtime's entry, as there is no other without std.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    work().and_then(|()| calls()).err().unwrap_or(0)
}

fn work() -> Result<(), i32> {
    let value = Value::from((1, "two", [3.5, 4.0]));
    let bytes = dumps(&value).map_err(|_| 1)?;
    let loaded = loads(&bytes).map_err(|_| 2)?;
    if loaded != value {
        return Err(3);
    }
    if value.to_string().parse() != Ok(value) {
        return Err(5);
    }
    match loads(&bytes[..bytes.len() - 1]) {
        Err(error) if error.is_truncated() && !error.to_string().is_empty() => Ok(()),
        _ => Err(4),
    }
}

/// A controller calls the functions of a worker, both without threads: first the one speaks, then the
/// other, as an empty wire is the end of it.
fn calls() -> Result<(), i32> {
    let (there, back) = (Wire::default(), Wire::default());
    let controller = Endpoint::new(back.clone(), there.clone(), config(Role::Initiator));
    let echo = controller.remote_exec("echo").map_err(|_| 11)?;
    echo.send("hello").map_err(|_| 12)?;
    let sum = controller.remote_exec("sum").map_err(|_| 18)?;
    let sum = sum.postcard::<[u32; 3], u64>();
    sum.send(&[1, 2, 3]).map_err(|_| 19)?;
    let unknown = controller.remote_exec("unknown").map_err(|_| 13)?;

    let worker = Endpoint::new(there, back, config(Role::Worker));
    worker.serve(&functions()).map_err(|_| 14)?;

    if echo.receive().map_err(|_| 15)? != Value::from("hello") {
        return Err(16);
    }
    if sum.receive().map_err(|_| 20)? != 6 {
        return Err(21);
    }
    match unknown.receive() {
        Err(ReceiveError::Remote(error)) if error.text().contains("registered: 'echo'") => Ok(()),
        _ => Err(17),
    }
}

/// Of ends that agree on credit.
fn config(role: Role) -> EndpointConfig {
    EndpointConfig::new(role).with_credit(Some(1024))
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions.register("echo", echo).register("sum", sum);
    functions
}

fn sum(channel: &EndpointChannel) -> Result<(), Box<dyn Error + Send + Sync>> {
    let channel = channel.postcard::<u64, [u32; 3]>();
    channel.send(&channel.receive()?.into_iter().map(u64::from).sum())?;
    Ok(())
}

fn echo(channel: &EndpointChannel) -> Result<(), Box<dyn Error + Send + Sync>> {
    channel.send(&*channel.receive()?)?;
    Ok(())
}
