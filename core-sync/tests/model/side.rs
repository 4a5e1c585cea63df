//! One of the two ends: its session, its handles and its threads.

use alloc::collections::{BTreeMap, VecDeque};

use execnet_core_sync::Role;
use execnet_core_sync::frame::{Frame, Header};
use execnet_core_sync::session::{NextItem, QueuedItem, SendPermit, Session};
use execnet_serializer::{ChannelId, Token, Tokens};

use super::Setting;

/// The number that represents the answer to STATUS among the numbers of items.
pub(super) const ANSWER: i32 = -1;

/// One end, with the data of its driver, and the model's own state of it.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) session: Session<()>,
    setting: Setting,
    /// Handles held, by channel.
    pub(super) handles: BTreeMap<ChannelId, usize>,
    pub(super) callbacks: BTreeMap<ChannelId, Callback>,
    pub(super) waiters: Vec<Waiter>,
    /// The items that arrived and were not taken yet: their numbers and costs.
    pub(super) inbox: BTreeMap<ChannelId, VecDeque<(i32, usize)>>,
    pub(super) sent: BTreeMap<ChannelId, Vec<i32>>,
    pub(super) received: BTreeMap<ChannelId, Vec<i32>>,
    /// Channels that ended with an error that was not received, and its cost.
    pub(super) errors: BTreeMap<ChannelId, usize>,
    /// Bytes that the peer has written and that have not arrived yet.
    pub(super) wire: VecDeque<u8>,
    /// No more bytes are written to it.
    pub(super) wire_ends: bool,
    /// Bytes of an incomplete frame.
    pub(super) read: Vec<u8>,
    pub(super) reading: bool,
    pub(super) writing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callback {
    Idle,
    Queued,
    /// The callback has seen the end, or failed.
    Done,
}

/// A thread that waits on a channel, whose handle it borrows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiter {
    pub(super) id: ChannelId,
    pub(super) wait: Wait,
    pub(super) awake: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Item,
    End,
    /// Room for an item of this number and size, which may name a channel.
    Room(i32, usize, Option<ChannelId>),
}

impl Side {
    pub(super) fn new(role: Role, setting: Setting) -> Self {
        Self {
            session: Session::new(role, 1 << 16)
                .with_limits(setting.inbox)
                .with_credit(setting.credit),
            setting,
            handles: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            waiters: Vec::new(),
            inbox: BTreeMap::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            errors: BTreeMap::new(),
            wire: VecDeque::new(),
            wire_ends: false,
            read: Vec::new(),
            reading: true,
            writing: true,
        }
    }

    pub(super) fn handle_of(&self, pick: usize) -> Option<ChannelId> {
        let held = &self.handles;
        held.keys().nth(pick % held.len().max(1)).copied()
    }

    /// The next complete frame.
    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let header = Header::from_bytes(*self.read.first_chunk()?);
        let whole = Header::SIZE + header.payload_len(usize::MAX).unwrap();
        if self.read.len() < whole {
            return None;
        }
        let payload = self.read.drain(..whole).skip(Header::SIZE).collect();
        Some(header.with_payload(payload))
    }

    /// An item arrived: one receiver can run.
    pub(super) fn arrived(&mut self, id: ChannelId, number: i32, cost: usize) {
        self.inbox.entry(id).or_default().push_back((number, cost));
        let asleep =
            |waiter: &&mut Waiter| !waiter.awake && waiter.id == id && waiter.wait == Wait::Item;
        if let Some(waiter) = self.waiters.iter_mut().find(asleep) {
            waiter.awake = true;
        }
        self.queue_callback(id);
    }

    /// The channel ended: all threads that wait on it can run.
    pub(super) fn ended(&mut self, id: ChannelId) {
        self.wake(|waiter| waiter.id == id);
        self.queue_callback(id);
    }

    pub(super) fn wake(&mut self, selects: impl Fn(&Waiter) -> bool) {
        for waiter in self.waiters.iter_mut().filter(|waiter| selects(waiter)) {
            waiter.awake = true;
        }
    }

    fn queue_callback(&mut self, id: ChannelId) {
        if let Some(callback @ Callback::Idle) = self.callbacks.get_mut(&id) {
            *callback = Callback::Queued;
        }
    }

    /// The link has ended: no bytes are read or written any more.
    pub(super) fn link_ends(&mut self) {
        (self.reading, self.writing) = (false, false);
        self.session.end();
        self.wake(|_| true);
        let ids: Vec<_> = self.callbacks.keys().copied().collect();
        ids.into_iter().for_each(|id| self.queue_callback(id));
    }

    /// Checks a taken item, which must be the one that arrived first, and records it.
    pub(super) fn check_taken(&mut self, id: ChannelId, item: &QueuedItem) {
        assert_eq!(item.refused, None, "an id that was shared is refused");
        let number = number_of(&item.payload);
        let expected = self.inbox.get_mut(&id).and_then(VecDeque::pop_front);
        assert_eq!(
            expected.map(|(number, _)| number),
            Some(number),
            "{id:?}: not what arrived"
        );
        self.received.entry(id).or_default().push(number);
        for &named in &item.references {
            *self.handles.entry(named).or_default() += 1;
        }
    }

    /// Checks how a channel ended, or that it has not. If `items_first`, no item may be left.
    pub(super) fn check_end(&mut self, id: ChannelId, taken: &NextItem, items_first: bool) {
        let waiting = self.inbox.get(&id).map_or(0, VecDeque::len);
        assert!(
            !items_first || waiting == 0,
            "{id:?}: {waiting} items are lost"
        );
        match taken {
            NextItem::Error(_) | NextItem::Overflow(_) => {
                assert!(
                    self.errors.remove(&id).is_some(),
                    "{id:?}: an error that no CLOSE_ERROR caused"
                );
            }
            NextItem::LinkEnd => assert!(!self.reading, "{id:?}: the link is still open"),
            NextItem::End => assert!(self.session.has_ended(id)),
            NextItem::Nothing => assert!(!self.session.has_ended(id)),
            other => panic!("{other:?}"),
        }
    }

    /// Whether a callback takes the items of the channel.
    pub(super) fn is_called(&self, id: ChannelId) -> bool {
        let callback = self.callbacks.get(&id);
        callback.is_some_and(|callback| *callback != Callback::Done)
    }

    /// Checks the properties that hold after every step.
    pub(super) fn check(&mut self) {
        let session = &self.session;
        // Channels without a reference are gone, with their inboxes.
        self.inbox.retain(|&id, _| session.state(id).is_some());
        self.errors.retain(|&id, _| session.state(id).is_some());
        let items = self.inbox.values().flatten().map(|(_, cost)| cost);
        let errors = self.errors.values();
        let costs = items.chain(errors);
        assert_eq!(session.waiting(), costs.sum::<usize>(), "the inboxes' cost");
        self.check_limits();
        for &waiter in self.waiters.iter().filter(|waiter| !waiter.awake) {
            self.check_sleeper(waiter);
        }
        for (&id, _) in self
            .callbacks
            .iter()
            .filter(|(_, callback)| **callback == Callback::Idle)
        {
            assert!(
                !self.session.has_ended(id),
                "{id:?}: its callback missed the end"
            );
            let waiting = self.inbox.get(&id).map_or(0, VecDeque::len);
            assert_eq!(waiting, 0, "{id:?}: its callback missed items");
        }
    }

    /// An inbox holds at most a window, or a limit, and one item more.
    fn check_limits(&self) {
        let bounds = [self.setting.inbox.channel(), self.setting.credit];
        let Some(bound) = bounds.into_iter().flatten().min() else {
            return;
        };
        for (id, items) in &self.inbox {
            let cost: usize = items.iter().map(|(_, cost)| cost).sum();
            let last = items.back().map_or(0, |(_, cost)| *cost);
            assert!(cost < bound + last.max(1), "{id:?} holds {cost} bytes");
        }
    }

    fn check_sleeper(&self, waiter: Waiter) {
        let Waiter { id, wait, .. } = waiter;
        let ended = self.session.has_ended(id);
        match wait {
            Wait::Item => {
                let awake =
                    |other: &&Waiter| other.awake && other.id == id && other.wait == Wait::Item;
                let awake = self.waiters.iter().filter(awake).count();
                let waiting = self.inbox.get(&id).map_or(0, VecDeque::len);
                assert!(
                    waiting <= awake,
                    "{id:?}: a receiver sleeps, and items are there"
                );
                assert!(!ended, "{id:?}: a receiver sleeps through the end");
            }
            Wait::End => assert!(
                !ended || self.is_called(id),
                "{id:?}: a thread that waits for the end was not woken"
            ),
            Wait::Room(..) => assert!(
                self.writing && self.session.send_permit(id) == SendPermit::Wait,
                "{id:?}: a sender sleeps, and can go on"
            ),
        }
    }
}

/// The number of an item.
pub(super) fn number_of(payload: &[u8]) -> i32 {
    match Tokens::new(payload).next() {
        Some(Ok(Token::Int(number))) => number,
        Some(Ok(Token::NewDict)) => ANSWER,
        other => panic!("not an item that was sent: {other:?}"),
    }
}
