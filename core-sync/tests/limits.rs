//! How much waits to be received, and who is held up by it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelCredit, ChannelData,
};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::session::ITEM_COST;
use execnet_core_sync::testing::{PipeWriter, scripted_halves, within};
use execnet_core_sync::{
    Channel, Gateway, GatewayConfig, InboxLimits, InboxOverflow, MultiChannel, OverflowPolicy,
    ReceiveError, Role, SendError, WaitCloseError,
};
use execnet_serializer::{Bytes, DumpOptions, LoadOptions, Value};

use support::{LIMIT, SOON, eventually, exec, expect, with_gateway_of, with_pair_of};

fn channel_of_1000(config: GatewayConfig) -> GatewayConfig {
    config.with_inbox(InboxLimits::default().with_channel(Some(1000)))
}

#[test]
fn an_inbox_that_is_full_closes_its_channel_on_both_sides() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = exec(&gateway, &mut peer);
        // The first goes above the limit, and is taken nevertheless.
        peer.send(channel.id(), Bytes(vec![7; 5000])).unwrap();
        peer.send(channel.id(), "one too many").unwrap();
        peer.send(channel.id(), "closed already").unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("full"), "{text}");
        peer.send(other.id(), "goes on").unwrap();
        assert_eq!(other.receive().unwrap(), Value::from("goes on"));

        assert_eq!(channel.receive().unwrap().as_bytes().unwrap().len(), 5000);
        match channel.receive() {
            Err(ReceiveError::Overflow(InboxOverflow { limit })) => assert_eq!(limit, 1000),
            other => panic!("{other:?}"),
        }
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
    });
}

#[test]
fn what_is_received_makes_room() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in 0..1000 {
            peer.send(channel.id(), number).unwrap();
            assert_eq!(channel.receive().unwrap(), Value::from(number));
        }
    });
}

#[test]
fn small_items_count_with_what_keeping_them_costs() {
    with_gateway_of(channel_of_1000, |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for _ in 0..20 {
            peer.send(channel.id(), ()).unwrap();
        }
        expect(&mut peer, ChannelCloseError, channel.id());
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Overflow(_))
        ));
        let kept = core::iter::from_fn(|| channel.receive().ok()).count();
        assert_eq!(kept, 1000_usize.div_ceil(2 + ITEM_COST));
    });
}

#[test]
fn all_inboxes_together_have_a_limit() {
    fn configure(config: GatewayConfig) -> GatewayConfig {
        config.with_inbox(InboxLimits::default().with_gateway(Some(1000)))
    }
    with_gateway_of(configure, |gateway, mut peer| {
        let channels: Vec<_> = (0..3).map(|_| exec(&gateway, &mut peer)).collect();
        for channel in &channels {
            peer.send(channel.id(), Bytes(vec![7; 600])).unwrap();
        }
        expect(&mut peer, ChannelCloseError, channels[2].id());
        // A channel that goes takes its items out of the account.
        drop(channels);
        let channel = exec_after_closes(&gateway, &mut peer);
        peer.send(channel.id(), "room again").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("room again"));
    });
}

fn exec_after_closes(
    gateway: &execnet_core_sync::Gateway,
    peer: &mut execnet_core_sync::testing::Script,
) -> Channel {
    let channel = gateway.remote_exec("").unwrap();
    while peer.expect().unwrap().channel != channel.id() {}
    channel
}

fn pausing(config: GatewayConfig) -> GatewayConfig {
    let inbox = InboxLimits::default().with_channel(Some(10_000));
    config.with_inbox(inbox.with_overflow(OverflowPolicy::Pause))
}

#[test]
fn a_reader_that_pauses_loses_nothing_and_holds_up_the_sender() {
    with_pair_of(pausing, |near, far| {
        const ITEMS: usize = 400;
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let (_far, sender) = far;
        let sending = std::thread::spawn(move || {
            for number in 0..ITEMS {
                sender.send((number as i64, Bytes(vec![0; 5000]))).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            }
            sender
        });
        for number in 0..ITEMS {
            // The pipe alone holds ten of these; with the reader's buffer and the inbox it is less than 40.
            let ahead = ITEMS.min(number + 10);
            eventually("the sender is ahead", || {
                sent.load(Ordering::SeqCst) >= ahead
            });
            let sent = sent.load(Ordering::SeqCst);
            assert!(sent < number + 40, "{sent} went out, {number} were taken");
            let item = near.1.receive().unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}

/// Nobody may ever take the error: that of a channel with a callback stays.
#[test]
fn the_error_of_a_channel_does_not_pause_the_reader() {
    with_gateway_of(pausing, |gateway, mut peer| {
        let (failed, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
        let text = DumpOptions::wire().dumps(&*"x".repeat(20_000)).unwrap();
        peer.write(ChannelCloseError, failed.id(), &text).unwrap();
        peer.send(other.id(), "read").unwrap();
        assert_eq!(other.receive_timeout(SOON).unwrap(), Value::from("read"));
        drop(failed);
    });
}

#[test]
fn a_callback_that_fails_before_a_full_channel_lets_the_reader_go_on() {
    with_gateway_of(pausing, |gateway, mut peer| {
        let (failing, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
        let (release, released) = std::sync::mpsc::channel::<()>();
        failing
            .set_callback(move |_| {
                let _ = released.recv();
                Err::<(), _>("failed")
            })
            .unwrap();
        for _ in 0..4 {
            peer.send(failing.id(), Bytes(vec![0; 6000])).unwrap();
        }
        peer.send(other.id(), "read").unwrap();
        let waiting = other.receive_timeout(Duration::from_millis(100));
        assert!(matches!(waiting, Err(ReceiveError::Timeout)), "{waiting:?}");
        release.send(()).unwrap();
        assert_eq!(other.receive_timeout(SOON).unwrap(), Value::from("read"));
    });
}

#[test]
fn exiting_while_the_reader_pauses_still_ends_the_gateway() {
    with_pair_of(pausing, |near, far| {
        let (far, sender) = far;
        let sending =
            std::thread::spawn(move || while sender.send(Bytes(vec![0; 5000])).is_ok() {});
        eventually("something came", || near.1.try_receive().unwrap().is_some());
        near.0.exit();
        assert!(near.0.join_timeout(SOON) || far.join_timeout(SOON));
        far.exit();
        assert!(near.0.join_timeout(SOON), "the near reader still pauses");
        sending.join().unwrap();
    });
}

#[test]
fn dropping_a_full_channel_lets_the_reader_go_on() {
    with_pair_of(pausing, |near, far| {
        let (near, full) = near;
        let (far, sender) = far;
        let sending = std::thread::spawn(move || {
            let mut last = Ok(());
            while last.is_ok() {
                last = sender.send(Bytes(vec![0; 5000]));
            }
            last
        });
        eventually("something came", || full.try_receive().unwrap().is_some());
        drop(full);
        assert!(matches!(sending.join().unwrap(), Err(SendError::Closed)));
        drop((near, far));
    });
}

fn credit(config: GatewayConfig) -> GatewayConfig {
    config.with_credit(Some(100_000))
}

#[test]
fn with_credit_a_sender_waits_for_the_receiver_and_other_channels_go_on() {
    with_pair_of(credit, |near, far| {
        const ITEMS: usize = 1000;
        let (near, channel) = near;
        let (far, sender) = far;
        let other = execnet_core_sync::testing::channel_between(&near, &far).unwrap();
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let sending = std::thread::spawn(move || {
            for number in 0..ITEMS {
                sender.send((number as i64, Bytes(vec![0; 1000]))).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            }
            sender
        });
        eventually("the window is used up", || sent.load(Ordering::SeqCst) > 80);
        for number in 0..500 {
            other.1.send(number).unwrap();
            assert_eq!(other.0.receive().unwrap(), Value::from(number));
        }
        // A window, and the one item that goes above it.
        assert!(
            sent.load(Ordering::SeqCst) <= 100_000 / 1064 + 2,
            "{sent:?}"
        );
        for number in 0..ITEMS {
            let item = channel.receive().unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}

#[test]
fn an_item_larger_than_the_window_goes_through() {
    with_pair_of(credit, |near, far| {
        let sending = std::thread::spawn(move || {
            for _ in 0..5 {
                far.1.send(Bytes(vec![1; 1_000_000])).unwrap();
            }
        });
        for _ in 0..5 {
            let item = near.1.receive().unwrap();
            assert_eq!(item.as_bytes().unwrap().len(), 1_000_000);
        }
        sending.join().unwrap();
    });
}

/// A thread that sends until it cannot any more, and is known to wait for credit.
fn stuck(sender: Channel) -> std::thread::JoinHandle<SendError> {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let thread = std::thread::spawn(move || {
        loop {
            if let Err(error) = sender.send(Bytes(vec![0; 1000])) {
                return error;
            }
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    eventually("the window is used up", || {
        sent.load(Ordering::SeqCst) == 94
    });
    thread
}

#[test]
fn a_sender_that_waits_for_credit_notices_the_close() {
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        near.1.close();
        assert!(matches!(sender.join().unwrap(), SendError::Closed));
    });
}

#[test]
fn a_sender_that_waits_for_credit_notices_its_own_close() {
    with_pair_of(credit, |_near, far| {
        let sender = stuck(far.1.clone());
        far.1.close();
        assert!(matches!(sender.join().unwrap(), SendError::Closed));
    });
}

#[test]
fn a_sender_that_waits_for_credit_notices_the_end_of_the_gateway() {
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        far.0.exit();
        assert!(matches!(sender.join().unwrap(), SendError::Disconnected(_)));
        drop(near);
    });
    with_pair_of(credit, |near, far| {
        let sender = stuck(far.1.clone());
        near.0.exit();
        assert!(matches!(sender.join().unwrap(), SendError::Disconnected(_)));
    });
}

#[test]
fn callbacks_give_credit_too() {
    with_pair_of(credit, |near, far| {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = seen.clone();
        near.1
            .set_callback(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        far.1
            .send_all((0..2000).map(|_| Bytes(vec![0; 1000])))
            .unwrap();
        far.1.close();
        near.1.wait_close_timeout(SOON).unwrap();
        assert_eq!(seen.load(Ordering::SeqCst), 2000);
    });
}

#[test]
fn without_credit_the_frame_is_unknown() {
    with_gateway_of(
        |config| config,
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            let code = execnet_core_sync::frame::MessageCode::ChannelCredit;
            peer.write(code, channel.id(), b"F\0\0\0\x01Q").unwrap();
            assert!(matches!(
                channel.receive(),
                Err(ReceiveError::Disconnected(_))
            ));
        },
    );
}

/// Counts the writes of a link.
struct Counted(PipeWriter, Arc<AtomicUsize>);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn many_items_go_in_few_writes_and_their_order() {
    const ITEMS: i32 = 20_000;
    within(LIMIT, || {
        // All of them fit.
        let (reader, writer, mut peer) = scripted_halves(1 << 20);
        let writes = Arc::new(AtomicUsize::new(0));
        let counted = Counted(writer, writes.clone());
        let link = Link::from_std(reader, counted, Arc::new(NoControl));
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = gateway.new_channel().unwrap();
        channel.send_all(0..ITEMS).unwrap();
        // Each with its header: some 300 kB, in parts of 64 KiB.
        let writes = writes.load(Ordering::SeqCst);
        assert!((2..10).contains(&writes), "{writes} writes");
        for number in 0..ITEMS {
            let frame = expect(&mut peer, ChannelData, channel.id());
            assert_eq!(
                LoadOptions::wire().loads(&frame.payload).unwrap(),
                Value::from(number)
            );
        }
    });
}

/// What an item that is an int costs: its opcode, four bytes and the end.
const INT_COST: usize = 6 + ITEM_COST;

#[test]
fn items_sent_at_once_use_up_as_much_credit_as_single_ones() {
    with_gateway_of(
        |config| config.with_credit(Some(10 * INT_COST + 1)),
        |gateway, mut peer| {
            let (channel, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
            channel.send_all(0..10).unwrap();
            // There is room for a byte, and so for an item more.
            channel.send(10).unwrap();
            let sender = channel.clone();
            let sending = std::thread::spawn(move || sender.send(11));
            execnet_core_sync::testing::give_way();
            other.send("marker").unwrap();
            for _ in 0..11 {
                expect(&mut peer, ChannelData, channel.id());
            }
            expect(&mut peer, ChannelData, other.id());
            let credit = DumpOptions::wire().dumps(&(INT_COST as u32)).unwrap();
            peer.write(ChannelCredit, channel.id(), &credit).unwrap();
            expect(&mut peer, ChannelData, channel.id());
            sending.join().unwrap().unwrap();
        },
    );
}

/// The peer stays, and gives nothing.
#[test]
fn exiting_lets_a_sender_go_that_waits_for_credit() {
    with_gateway_of(
        |config| config.with_credit(Some(1)),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            channel.send(1).unwrap();
            let sending = std::thread::spawn(move || channel.send(2));
            // It most likely waits by then; else it finds the gateway exited.
            execnet_core_sync::testing::give_way();
            gateway.exit();
            let error = sending.join().unwrap().unwrap_err();
            assert!(error.is_disconnected(), "{error:?}");
            peer.hang_up();
        },
    );
}

#[test]
fn of_many_items_those_before_one_that_cannot_be_sent_are() {
    /// None, or a list of more elements than the format can count.
    struct Part(bool);
    impl execnet_serializer::Dump for Part {
        fn dump<W: embedded_io::Write>(
            &self,
            encoder: &mut execnet_serializer::Encoder<W>,
        ) -> Result<(), execnet_serializer::EncodeError<W::Error>> {
            encoder.none()?;
            if self.0 {
                Ok(())
            } else {
                encoder.list(1 << 31)
            }
        }
    }
    with_gateway_of(
        |config| config,
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            let parts = [true, true, false, true].map(Part);
            let error = channel.send_all(parts).unwrap_err();
            assert!(matches!(error, SendError::Encode(_)), "{error:?}");
            channel.send("next").unwrap();
            for expected in [Value::None, Value::None, Value::from("next")] {
                let frame = expect(&mut peer, ChannelData, channel.id());
                assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), expected);
            }
        },
    );
}

#[test]
fn errors_that_a_peer_closes_channels_with_are_cut_and_counted() {
    use execnet_core_sync::frame::{Frame, MessageCode};
    use execnet_core_sync::session::{MAX_ERROR_TEXT, Message, NextItem, Session};

    const WAITING: usize = 4 << 20;
    const CHANNELS: usize = 200;
    let limits = InboxLimits::default().with_gateway(Some(WAITING));
    let mut session = Session::<()>::new(Role::Initiator, 0).with_limits(limits);
    let trace = "  File \"x.py\", line 1, in f\n".repeat(140_000);
    let text = format!("Traceback (most recent call last):\n{trace}MemoryError: 4 MiB\n");
    let payload = DumpOptions::wire().dumps(&*text).unwrap();
    let ids: Vec<_> = (0..CHANNELS).map(|_| session.open().unwrap()).collect();
    for &channel in &ids {
        let frame = Frame {
            code: MessageCode::ChannelCloseError,
            channel,
            payload: payload.clone(),
        };
        session.handle(Message::parse(frame).unwrap());
    }
    let waiting = session.waiting();
    let most = WAITING + MAX_ERROR_TEXT + CHANNELS * (256 + ITEM_COST);
    assert!((WAITING..most).contains(&waiting), "{waiting} bytes wait");
    let mut held = 0;
    for &id in &ids {
        match session.take(id) {
            NextItem::Error(error) => {
                assert_eq!(error.summary(), "MemoryError: 4 MiB");
                held += error.text().len() + ITEM_COST;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(held, waiting);
    assert_eq!(session.waiting(), 0);
}

#[test]
fn an_error_that_nobody_receives_makes_room_when_its_channel_goes() {
    with_gateway_of(
        |config| config.with_inbox(InboxLimits::default().with_gateway(Some(1000))),
        |gateway, mut peer| {
            let (failed, other) = (exec(&gateway, &mut peer), exec(&gateway, &mut peer));
            let text = DumpOptions::wire().dumps(&*"x".repeat(5000)).unwrap();
            peer.write(ChannelCloseError, failed.id(), &text).unwrap();
            eventually("it is closed", || failed.is_closed());
            drop(failed);
            peer.send(other.id(), "room").unwrap();
            assert_eq!(other.receive().unwrap(), Value::from("room"));
        },
    );
}

#[test]
fn what_waits_in_a_queue_of_several_channels_counts() {
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
fn what_is_taken_from_a_queue_makes_room() {
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
fn a_queue_that_goes_unread_makes_room() {
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
            // A window, and the one item that goes above it, beyond what was taken and given back.
            let ahead = sent.load(Ordering::SeqCst);
            assert!(ahead <= number + 100_000 / 1064 + 2, "{ahead} at {number}");
            let (_, item) = queue.receive_timeout(SOON).unwrap();
            let item = item.unwrap();
            assert_eq!(item.as_slice().unwrap()[0], Value::from(number as i64));
        }
        sending.join().unwrap();
    });
}
