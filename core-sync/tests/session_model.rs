//! Two sessions, joined by wires that deliver when a random schedule says so, against what must always hold:
//! no item is doubled or out of order, none is lost on a channel that nobody closed, and when all handles are
//! given up and all is delivered, no channel is left.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use execnet_core_sync::session::{EncodedItem, Event, Message, Reply, Role, Session, Taken};
use execnet_serializer::{ChannelId, Token, Tokens, dumps_internal};
use proptest::prelude::*;

/// One thing that happens. Numbers choose among what there is, by remainder.
#[derive(Debug, Clone)]
enum Step {
    Exec,
    /// Send an item on a channel, naming another one, or a new one.
    Send {
        side: usize,
        on: usize,
        naming: Option<usize>,
        fresh: bool,
    },
    Deliver {
        to: usize,
    },
    Take {
        side: usize,
        from: usize,
    },
    Release {
        side: usize,
        handle: usize,
    },
    Close {
        side: usize,
        handle: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let side = 0..2usize;
    let pick = 0..100usize;
    prop_oneof![
        1 => Just(Step::Exec),
        4 => (side.clone(), pick.clone(), prop::option::weighted(0.3, pick.clone()), prop::bool::weighted(0.2))
            .prop_map(|(side, on, naming, fresh)| Step::Send { side, on, naming, fresh }),
        6 => side.clone().prop_map(|to| Step::Deliver { to }),
        4 => (side.clone(), pick.clone()).prop_map(|(side, from)| Step::Take { side, from }),
        1 => (side.clone(), pick.clone()).prop_map(|(side, handle)| Step::Release { side, handle }),
        1 => (side, pick).prop_map(|(side, handle)| Step::Close { side, handle }),
    ]
}

struct Side {
    session: Session<()>,
    /// Handles held, by channel.
    handles: BTreeMap<ChannelId, usize>,
    sent: BTreeMap<ChannelId, Vec<i32>>,
    received: BTreeMap<ChannelId, Vec<i32>>,
    inward: VecDeque<Message>,
}

struct World {
    sides: [Side; 2],
    counter: i32,
    /// Channels that one side closed or let go: items on them may be lost.
    touched: BTreeSet<ChannelId>,
    /// Which channel was named on which: where the carrier was touched, the item with the name may be lost.
    named_on: BTreeSet<(usize, ChannelId, ChannelId)>,
    /// All channels ever, by when they were made.
    made: BTreeMap<ChannelId, usize>,
}

impl World {
    fn new() -> Self {
        let side = |role| Side {
            session: Session::new(role, 1 << 16),
            handles: BTreeMap::new(),
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            inward: VecDeque::new(),
        };
        Self {
            sides: [side(Role::Initiator), side(Role::Worker)],
            counter: 0,
            touched: BTreeSet::new(),
            named_on: BTreeSet::new(),
            made: BTreeMap::new(),
        }
    }

    fn handle_of(&self, side: usize, pick: usize) -> Option<ChannelId> {
        let held = &self.sides[side].handles;
        held.keys().nth(pick % held.len().max(1)).copied()
    }

    fn open(&mut self, side: usize) -> ChannelId {
        let id = self.sides[side].session.open().unwrap();
        let made = self.made.insert(id, self.made.len());
        assert_eq!(made, None, "{id:?} was allotted twice");
        self.sides[side].handles.insert(id, 1);
        id
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Exec => {
                let id = self.open(0);
                self.sides[1]
                    .inward
                    .push_back(Message::Exec(id, Vec::new()));
            }
            Step::Send {
                side,
                on,
                naming,
                fresh,
            } => self.send(side, on, naming, fresh),
            Step::Deliver { to } => self.deliver(to),
            Step::Take { side, from } => {
                if let Some(id) = self.handle_of(side, from) {
                    self.take(side, id);
                }
            }
            Step::Release { side, handle } => {
                if let Some(id) = self.handle_of(side, handle) {
                    self.release(side, id);
                }
            }
            Step::Close { side, handle } => {
                if let Some(id) = self.handle_of(side, handle) {
                    self.touched.insert(id);
                    if self.sides[side].session.close(id) {
                        self.sides[1 - side].inward.push_back(Message::Close(id));
                    }
                }
            }
        }
    }

    fn send(&mut self, side: usize, on: usize, naming: Option<usize>, fresh: bool) {
        let Some(id) = self.handle_of(side, on) else {
            return;
        };
        if !self.sides[side].session.may_send(id) {
            return;
        }
        let named = match naming {
            None => None,
            Some(_) if fresh => Some(self.open(side)),
            Some(pick) => self.handle_of(side, pick),
        };
        // Channels in one another's inboxes keep themselves alive: the session says so. Only what was made later
        // travels on what was made earlier, so that there is no such circle.
        let named = named.filter(|named| self.made[named] >= self.made[&id]);
        self.named_on
            .extend(named.map(|named| (self.made[&id], id, named)));
        self.counter += 1;
        let payload = dumps_internal(&(self.counter, named)).unwrap();
        self.sides[side]
            .sent
            .entry(id)
            .or_default()
            .push(self.counter);
        let message = Message::Data(id, EncodedItem::new(payload));
        self.sides[1 - side].inward.push_back(message);
    }

    fn deliver(&mut self, to: usize) {
        let side = &mut self.sides[to];
        let Some(message) = side.inward.pop_front() else {
            return;
        };
        let mut answer = None;
        match side.session.handle(message) {
            Event::Exec(id, _) => {
                side.session.accept(id).unwrap();
                side.handles.insert(id, 1);
            }
            Event::Reply(Reply::Close(id)) => answer = Some(Message::Close(id)),
            Event::Reply(other) => panic!("{other:?} answers nothing that was sent"),
            Event::Nothing | Event::Item(()) | Event::Ended(()) => {}
            other => panic!("{other:?}"),
        }
        self.sides[1 - to].inward.extend(answer);
    }

    /// True where there was something.
    fn take(&mut self, side: usize, id: ChannelId) -> bool {
        let this = &mut self.sides[side];
        match this.session.take(id) {
            Taken::Item(item) => {
                assert_eq!(item.refused, None, "an id that was shared is refused");
                let Some(Ok(Token::Int(number))) = Tokens::new(&item.payload).next() else {
                    panic!("not what was sent: {item:?}");
                };
                this.received.entry(id).or_default().push(number);
                for named in item.references {
                    *this.handles.entry(named).or_default() += 1;
                }
                true
            }
            Taken::Nothing | Taken::End => false,
            other => panic!("{other:?}: nobody sent an error, and no link ended"),
        }
    }

    fn release(&mut self, side: usize, id: ChannelId) {
        let this = &mut self.sides[side];
        let held = this.handles.get_mut(&id).unwrap();
        *held -= 1;
        if *held == 0 {
            this.handles.remove(&id);
            self.touched.insert(id);
        }
        for told in this.session.release(id) {
            let Reply::Close(id) = told else {
                panic!("{told:?}: nothing but a close is due without callbacks");
            };
            self.touched.insert(id);
            self.sides[1 - side].inward.push_back(Message::Close(id));
        }
    }

    fn check_order(&self) {
        for (from, to) in [(0, 1), (1, 0)] {
            for (id, received) in &self.sides[to].received {
                let mut sent = self.sides[from].sent.get(id).into_iter().flatten();
                for number in received {
                    assert!(
                        sent.any(|other| other == number),
                        "{id:?}: {number} came doubled, late or from nowhere"
                    );
                }
            }
        }
    }

    fn settle(&mut self) {
        while let Some(to) = (0..2).find(|&to| !self.sides[to].inward.is_empty()) {
            self.deliver(to);
        }
    }

    fn take_all(&mut self) {
        for side in 0..2 {
            let mut found = true;
            while found {
                let ids: Vec<_> = self.sides[side].handles.keys().copied().collect();
                found = ids.into_iter().filter(|&id| self.take(side, id)).count() > 0;
            }
        }
    }

    fn finish(mut self) {
        self.settle();
        self.take_all();
        self.check_order();
        // A channel is named only on those that were made before, so that one pass in their order is enough.
        for (_, carrier, named) in &self.named_on {
            if self.touched.contains(carrier) {
                self.touched.insert(*named);
            }
        }
        for (from, to) in [(0, 1), (1, 0)] {
            for (id, sent) in &self.sides[from].sent {
                let received = self.sides[to].received.get(id);
                let lost = received != Some(sent);
                assert!(
                    !lost || self.touched.contains(id),
                    "{id:?}: {sent:?} was sent, {received:?} came"
                );
            }
        }
        for side in 0..2 {
            while let Some(id) = self.handle_of(side, 0) {
                self.release(side, id);
            }
        }
        self.settle();
        for side in &self.sides {
            assert_eq!(
                side.session.load().numchannels,
                0,
                "channels are left: {:?}",
                side.session
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_two_sessions_do_items_keep_their_order_and_channels_go(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        world.run(Step::Exec);
        for step in steps {
            world.run(step);
            world.check_order();
        }
        world.finish();
    }
}
