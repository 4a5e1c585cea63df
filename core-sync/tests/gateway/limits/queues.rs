//! Items in the queue of several channels count as those in an inbox.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelCloseError};
use execnet_core_sync::session::ITEM_COST;
use execnet_core_sync::{InboxLimits, MultiChannel};
use execnet_serializer::{Bytes, Value};

use super::{channel_of_1000, credit};
use crate::support::{SOON, eventually, exec, expect, with_gateway_of, with_pair_of};

#[test]
fn items_in_a_queue_of_several_channels_count() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let queue = MultiChannel::new(vec![channel.clone()]);
        let queue = queue.make_receive_queue_with_end_markers().unwrap();
        for _ in 0..20 {
            peer.send(channel.id(), Bytes(vec![7; 100])).unwrap();
        }
        expect(&mut peer, ChannelCloseError, channel.id());
        let kept = queue.filter(|(_, item)| item.is_some()).count();
        assert_eq!(kept, 1000_usize.div_ceil(100 + 6 + ITEM_COST));
    });
}

#[test]
fn items_taken_from_a_queue_release_their_bytes() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let queue = MultiChannel::new(vec![channel.clone()]).make_receive_queue();
        let queue = queue.unwrap();
        for number in 0..1000 {
            peer.send(channel.id(), number).unwrap();
            let (_, item) = queue.receive_timeout(SOON).unwrap();
            assert_eq!(item.unwrap(), Value::from(number));
        }
    });
}

#[test]
fn a_dropped_queue_releases_its_items() {
    with_gateway_of(
        |config| config.with_inbox(InboxLimits::default().with_gateway(Some(1000))),
        |gateway, mut peer| {
            let (queued, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
            let queue = MultiChannel::new(vec![queued.clone()]).make_receive_queue();
            peer.send(queued.id(), Bytes(vec![7; 5000])).unwrap();
            let queue = queue.unwrap();
            // Also when the channel is gone, and its inbox with it.
            peer.write(ChannelClose, queued.id(), b"").unwrap();
            queued.wait_close_timeout(SOON).unwrap();
            drop(queued);
            drop(queue);
            peer.send(other.id(), "room").unwrap();
            assert_eq!(other.receive().unwrap(), Value::from("room"));
        },
    );
}

#[test]
fn a_queue_gives_credit_for_what_is_taken_from_it() {
    with_pair_of(credit, |near, far| {
        let queue = MultiChannel::new(vec![near.1.clone()]).make_receive_queue();
        let queue = queue.unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let sending = std::thread::spawn(move || {
            for number in 0..1000 {
                far.1.send((number, Bytes(vec![0; 1000]))).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        eventually("the window is used up", || sent.load(Ordering::SeqCst) > 80);
        for number in 0..1000 {
            // The returned credit, a window, and the one item that exceeds it.
            let ahead = sent.load(Ordering::SeqCst);
            assert!(ahead <= number + 100_000 / 1064 + 2, "{ahead} at {number}");
            let (_, item) = queue.receive_timeout(SOON).unwrap();
            let item = item.unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}
