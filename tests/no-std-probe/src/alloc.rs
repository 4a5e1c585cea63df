//! Links while `execnet-serializer` with a heap, and `execnet-core-sync` without its features, need
//! no std, then uses them. The exit status is 0, or the number of the step that failed.
#![no_std]
#![no_main]

extern crate alloc;

mod bare;

use alloc::string::ToString as _;

use embedded_io::Write as _;
use execnet_core_sync::frame::{FrameBuf, FrameReader, MessageCode};
use execnet_core_sync::session::{Message, Role, Session, Taken};
use execnet_serializer::{Value, dumps, dumps_internal, loads, loads_internal};

#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The C runtime's entry, as there is no other without std.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    work().err().unwrap_or(0)
}

fn work() -> Result<(), i32> {
    store()?;
    converse()
}

/// A value into bytes and back; cut bytes are an error that can be told.
fn store() -> Result<(), i32> {
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

/// An item from a frame's bytes into a session, and out of it.
fn converse() -> Result<(), i32> {
    let mut session = Session::<()>::new(Role::Initiator, 1);
    let id = session.open().map_err(|_| 5)?;
    let mut frame = FrameBuf::new();
    let item = dumps_internal(&42).map_err(|_| 6)?;
    frame.write_all(&item).map_err(|_| 7)?;
    let bytes = frame.finish(MessageCode::ChannelData, id).map_err(|_| 8)?;

    let mut frames = FrameReader::new(&bytes[..], 64);
    let frame = frames.next_frame().map_err(|_| 9)?.ok_or(10)?;
    session.handle(Message::parse(frame).map_err(|_| 11)?);
    let Taken::Item(queued) = session.take(id) else {
        return Err(12);
    };
    let value = loads_internal(&queued.payload).map_err(|_| 13)?;
    if value != Value::from(42) {
        Err(14)
    } else {
        Ok(())
    }
}
