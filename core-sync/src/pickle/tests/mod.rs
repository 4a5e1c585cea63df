//! Both directions, without a gateway.

mod read;
mod write;

use alloc::vec::Vec;

use execnet_serializer::{Dump, DumpOptions};

fn opcodes(value: impl Dump) -> Vec<u8> {
    DumpOptions::wire().dumps(&value).unwrap()
}
