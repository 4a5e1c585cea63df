//! Tests of the protocol of a sync: round trips of everything that is sent, and malformed bytes.

mod messages;
mod records;

use execnet_serializer::{Dump, DumpOptions, LoadOptions, Value};

use super::*;

fn on_the_wire(message: &impl Dump) -> Value {
    LoadOptions::wire()
        .loads(&DumpOptions::wire().dumps(message).unwrap())
        .unwrap()
}
