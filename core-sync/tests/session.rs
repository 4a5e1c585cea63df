//! The session by itself: what counts as waiting, how strings are read, and [`model`]: two sessions under a random schedule.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod model;

use execnet_core_sync::session::{
    EncodedItem, Event, Garbage, Hold, ITEM_COST, Message, NextItem, RefusedCall, RemoteError,
    Session,
};
use execnet_core_sync::{InboxLimits, InboxOverflow, RefusedId, Role};
use execnet_serializer::{ChannelId, DumpOptions, StrConfig};
use proptest::prelude::*;

use model::{Setting, Step};

const LEN: usize = 100;

/// Cost of an item of [`data`]: its bytes, the opcode, the length and STOP.
const COST: usize = LEN + 6 + ITEM_COST;

fn data(session: &mut Session<()>, id: ChannelId) {
    let payload = DumpOptions::wire()
        .dumps(&execnet_serializer::Bytes(vec![0; LEN]))
        .unwrap();
    let event = session.handle(Message::Data(id, EncodedItem::new(payload).unwrap()));
    assert!(matches!(event, Event::Item(())), "{event:?}");
}

fn held(session: &mut Session<()>, id: ChannelId) -> Hold {
    let (item, hold) = session.hold_item(id).unwrap();
    assert_eq!((item.cost(), hold.channel()), (COST, id));
    hold
}

fn limited(channel: usize, gateway: usize) -> Session<()> {
    let limits = InboxLimits::default()
        .with_channel(Some(channel))
        .with_gateway(Some(gateway));
    Session::new(Role::Worker, 10).with_limits(limits)
}

#[test]
fn an_item_counts_while_it_is_held() {
    let mut session = limited(2 * COST, 1 << 20);
    let id = session.open().unwrap();
    data(&mut session, id);
    data(&mut session, id);
    let hold = held(&mut session, id);
    assert_eq!(session.waiting(), 2 * COST);
    session.let_go_item(hold);
    assert_eq!(session.waiting(), COST);
    // There is room for one more item.
    data(&mut session, id);
    let _holds = [(); 2].map(|()| held(&mut session, id));
    assert!(session.hold_item(id).is_none());
    let payload = DumpOptions::wire().dumps(&1).unwrap();
    let event = session.handle(Message::Data(id, EncodedItem::new(payload).unwrap()));
    assert!(matches!(event, Event::Refused((), _)), "{event:?}");
    let limit = 2 * COST;
    assert_eq!(
        session.take(id),
        NextItem::Overflow(InboxOverflow { limit })
    );
}

#[test]
fn an_item_that_is_held_outlives_its_channel() {
    let mut session = limited(1 << 20, 1 << 20);
    let id = ChannelId(1);
    session.accept(id, 0).unwrap();
    data(&mut session, id);
    data(&mut session, id);
    let hold = held(&mut session, id);
    drop(session.release(id));
    assert_eq!((session.living(), session.waiting()), (0, COST));
    // A later channel with the same id is not affected.
    session.accept(id, 0).unwrap();
    data(&mut session, id);
    assert_eq!(session.waiting(), 2 * COST);
    session.let_go_item(hold);
    assert_eq!(session.waiting(), COST);
    assert!(matches!(session.take(id), NextItem::Item(_)));
    assert_eq!(session.waiting(), 0);
}

#[test]
fn an_item_of_an_earlier_channel_is_not_taken_from_the_account_of_its_successor() {
    // The peer makes it by a call, or by naming it in an item.
    let accept = |session: &mut Session<()>, _: ChannelId, id| session.accept(id, 0).unwrap();
    let name = |session: &mut Session<()>, carrier, id: ChannelId| {
        let payload = DumpOptions::wire().dumps(&id).unwrap();
        session.handle(Message::Data(carrier, EncodedItem::new(payload).unwrap()));
        assert!(matches!(session.take(carrier), NextItem::Item(_)));
    };
    let ways: [fn(&mut Session<()>, ChannelId, ChannelId); 2] = [accept, name];
    for make in ways {
        let mut session = limited(2 * COST, 1 << 20);
        let (carrier, id) = (session.open().unwrap(), ChannelId(1));
        make(&mut session, carrier, id);
        data(&mut session, id);
        let earlier = held(&mut session, id);
        drop(session.release(id));
        make(&mut session, carrier, id);
        data(&mut session, id);
        data(&mut session, id);
        let _holds = [(); 2].map(|()| held(&mut session, id));
        session.let_go_item(earlier);
        // The second channel reaches its limit as before.
        let payload = DumpOptions::wire().dumps(&1).unwrap();
        let event = session.handle(Message::Data(id, EncodedItem::new(payload).unwrap()));
        assert!(matches!(event, Event::Refused((), _)), "{event:?}");
        assert_eq!(session.waiting(), 2 * COST);
    }
}

#[test]
fn items_count_while_a_callback_holds_them_and_not_after() {
    let mut session = limited(1 << 20, 1 << 20);
    let id = session.open().unwrap();
    session.attach(id);
    for _ in 0..3 {
        data(&mut session, id);
    }
    let hold = held(&mut session, id);
    drop(session.detach(id));
    assert_eq!(session.waiting(), COST);
    session.let_go_item(hold);
    assert_eq!(session.waiting(), 0);
}

#[test]
fn calls_count_from_their_request_to_their_start() {
    let mut session = limited(1 << 20, 1000);
    session.accept(ChannelId(1), 600).unwrap();
    // The item that exceeds the limit is accepted.
    session.accept(ChannelId(3), 600).unwrap();
    let refused = session.accept(ChannelId(5), 0).unwrap_err();
    assert_eq!(
        refused,
        RefusedCall::Overflow(InboxOverflow { limit: 1000 })
    );
    assert_eq!(
        session.living(),
        2,
        "a call that is refused makes no channel"
    );
    session.call_begins(600);
    session.accept(ChannelId(5), 0).unwrap();
    // Items are counted separately.
    assert_eq!(session.waiting(), 0);
    let refused = session.accept(ChannelId(2), 0).unwrap_err();
    let id = RefusedId::NotAllocated(ChannelId(2));
    assert_eq!(refused, RefusedCall::Id(id));
    assert!(refused.text().contains("channel id"));
}

#[test]
fn an_error_beyond_a_limit_is_kept_short() {
    let text = "Traceback (most recent call last):\n  File \"x.py\"\nKeyError: 1\n";
    for (limit, kept) in [(COST, "KeyError: 1"), (COST + 1, text)] {
        let mut session = limited(limit, 1 << 20);
        let id = session.open().unwrap();
        data(&mut session, id);
        session.handle(Message::CloseError(id, RemoteError::new(text)));
        assert_eq!(session.waiting(), COST + kept.len() + ITEM_COST);
        assert!(matches!(session.take(id), NextItem::Item(_)));
        assert_eq!(session.take(id), NextItem::Error(RemoteError::new(kept)));
        assert_eq!(session.waiting(), 0);
    }
}

#[test]
fn strings_are_read_by_the_settings_of_the_channel_or_else_of_the_gateway() {
    let of = |py2, py3| StrConfig {
        py2str_as_py3str: py2,
        py3str_as_py2str: py3,
    };
    let mut session = Session::<()>::new(Role::Initiator, 1);
    let (first, gone) = (session.open().unwrap(), ChannelId(99));
    assert_eq!(session.strings(first), StrConfig::CHANNEL);
    session.reconfigure_gateway(of(false, true));
    let later = session.open().unwrap();
    assert_eq!(
        session.strings(first),
        StrConfig::CHANNEL,
        "it was there before"
    );
    assert_eq!(session.strings(later), of(false, true));
    assert_eq!(session.strings(gone), of(false, true));
    session.reconfigure_channel(later, of(true, true));
    assert_eq!(session.strings(later), of(true, true));
    session.reconfigure_channel(gone, of(true, true));
    assert_eq!(session.strings(gone), of(false, true));
}

#[test]
fn an_error_is_unread_if_the_last_handle_of_its_channel_is_dropped() {
    let mut session = Session::<()>::new(Role::Initiator, 1);
    let (carrier, failed) = (session.open().unwrap(), session.open().unwrap());
    assert_eq!(session.unread_error(failed), None);
    let error = RemoteError::new("boom");
    session.handle(Message::CloseError(failed, error.clone()));
    assert_eq!(session.unread_error(failed), Some(&error));
    // A thread that receives the item can still receive the error.
    let payload = DumpOptions::wire().dumps(&failed).unwrap();
    session.handle(Message::Data(carrier, EncodedItem::new(payload).unwrap()));
    assert_eq!(session.unread_error(failed), None);
    assert!(matches!(session.take(carrier), NextItem::Item(_)));
    // There are two handles now.
    assert_eq!(session.unread_error(failed), None);
    drop(session.release(failed));
    assert_eq!(session.unread_error(failed), Some(&error));
    assert_eq!(session.take(failed), NextItem::Error(error));
    assert_eq!(session.unread_error(failed), None);
}

#[test]
fn closed_channels_without_handles_are_collected() {
    let mut session = limited(1 << 20, 1 << 20);
    let ids = [(); 2].map(|()| session.open().unwrap());
    let mut garbage = Garbage::default();
    assert!(garbage.is_empty());
    let attached = session.open().unwrap();
    session.attach(attached);
    garbage.append(session.release(attached).garbage);
    assert!(garbage.is_empty(), "a callback holds the channel");
    for id in ids {
        garbage.append(session.release(id).garbage);
        assert!(!garbage.is_empty());
    }
    let mut left = session.detach(attached).garbage;
    left.append(garbage);
    assert!(!left.is_empty());
    // The items of a channel that still exists.
    let id = session.open().unwrap();
    data(&mut session, id);
    let items = session.detach(id).garbage;
    assert_eq!(session.living(), 1);
    assert!(!items.is_empty());
}

/// Number of schedules; `scripts/stress` runs many more.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked.map_or(2000, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn two_sessions_lose_no_item_and_wake_every_waiting_thread(
        setting in any::<u8>().prop_map(Setting::of),
        steps in prop::collection::vec(any::<[u8; Step::SIZE]>().prop_map(Step::of), 1..300),
    ) {
        model::run(setting, steps);
    }
}
