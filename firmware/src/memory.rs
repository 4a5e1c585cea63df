//! Functions that use up the heap, for the tests of what happens then.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::Ordering;

use critical_section::Mutex;
use execnet_core_sync::endpoint::{EndpointChannel, Functions};
use execnet_core_sync::worker::Kwargs;
use execnet_serializer::Bytes;

use crate::{Failure, MEMORY, Refused};

/// What `hoard` keeps.
static HOARD: Mutex<RefCell<Vec<Vec<u8>>>> = Mutex::new(RefCell::new(Vec::new()));

pub(crate) fn register(functions: &mut Functions) {
    functions
        .register("hoard", hoard)
        .register("limit", limit)
        .register("waste", waste);
}

fn bytes(kwargs: &Kwargs) -> Result<usize, Failure> {
    let bytes = kwargs.get("bytes").and_then(|value| value.as_i64());
    let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
    Ok(bytes.ok_or(Refused("the argument `bytes` is not a number"))?)
}

/// Sets the memory that the limits of the next connection are made for: more than the heap has, to try what happens then.
fn limit(_: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    MEMORY.store(bytes(&kwargs)?, Ordering::Relaxed);
    Ok(())
}

/// Keeps bytes of the heap until the end of the connection, and sends how many are kept by now. It checks for memory first:
/// where there is too little, the controller gets an error, and the worker continues.
fn hoard(channel: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    let mut block = Vec::new();
    block.try_reserve_exact(bytes(&kwargs)?)?;
    let kept = critical_section::with(|cs| {
        let mut hoard = HOARD.borrow_ref_mut(cs);
        hoard.try_reserve(1)?;
        hoard.push(block);
        Ok::<_, Failure>(hoard.iter().map(Vec::capacity).sum::<usize>())
    });
    channel.send(kept?)?;
    Ok(())
}

/// Allocates the number of bytes that it is called with, and sends them. As most code it does not check for memory first:
/// where there is too little, the board restarts.
fn waste(channel: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    channel.send(Bytes(vec![0; bytes(&kwargs)?]))?;
    Ok(())
}

/// Frees what `hoard` keeps.
pub fn free() {
    critical_section::with(|cs| HOARD.take(cs));
}
