//! The memory of queued items, which is released when they are received.
//!
//! A program of its own with a single test, because the allocator counts for the whole process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use execnet_core_sync::frame::{Frame, MessageCode};
use execnet_core_sync::session::{Message, NextItem, Role, Session};
use execnet_serializer::{ChannelId, DumpOptions};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Number of items in the inbox.
const ITEMS: i32 = 200_000;

/// Queues the items on a channel, and returns the number of bytes of the heap that they take.
fn fill(session: &mut Session<()>, id: ChannelId) -> usize {
    let before = HEAP.current_usage();
    for number in 0..ITEMS {
        let payload = DumpOptions::wire().dumps(&number).unwrap();
        let code = MessageCode::ChannelData;
        let message = Message::parse(Frame {
            code,
            channel: id,
            payload,
        });
        session.handle(message.unwrap());
    }
    HEAP.current_usage().saturating_sub(before)
}

/// One test: the heap is counted for the whole process.
#[test]
fn memory_grows_and_shrinks_with_the_items() {
    let mut session = Session::<()>::new(Role::Initiator, 100);
    let id = session.open().unwrap();
    let begin = HEAP.current_usage();

    let full = fill(&mut session, id);
    let each = full / usize::try_from(ITEMS).unwrap();
    println!("{each} bytes for each item that waits");
    assert!(each <= 64, "{each} bytes for each item that waits");

    for number in 0..ITEMS / 2 {
        let NextItem::Item(item) = session.take(id) else {
            panic!("no item {number}");
        };
        assert_eq!(item.payload, DumpOptions::wire().dumps(&number).unwrap());
    }
    let half = HEAP.current_usage().saturating_sub(begin);
    assert!(half < full * 6 / 10, "{half} of {full} for half of them");

    while matches!(session.take(id), NextItem::Item(_)) {}
    let empty = HEAP.current_usage().saturating_sub(begin);
    assert!(empty < 4096, "{empty} bytes for none");

    // The driver frees the remains of a removed channel, outside of its lock.
    let full = fill(&mut session, id);
    let released = session.release(id);
    let kept = HEAP.current_usage().saturating_sub(begin);
    assert!(kept >= full, "{kept} of {full} bytes are left");
    drop(released);
    let gone = HEAP.current_usage().saturating_sub(begin);
    assert!(gone < 4096, "{gone} bytes for a channel that is gone");
}
