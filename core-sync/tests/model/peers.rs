//! The link between the two ends, and how it ends.

use execnet_core_sync::frame::{FrameBuf, MessageCode};
use execnet_core_sync::session::{Event, ITEM_COST, Message};
use execnet_serializer::{ChannelId, Dump, Encoder};

use super::side::{ANSWER, Callback, Side, Wait, number_of};
use super::world::World;

/// The bytes of a frame.
pub(super) fn frame(code: MessageCode, id: ChannelId, item: Option<&dyn Item>) -> Vec<u8> {
    let mut frame = FrameBuf::new();
    if let Some(item) = item {
        item.write_to(&mut frame);
    }
    frame.finish(code, id).unwrap()
}

/// The payload of a frame.
pub(super) trait Item {
    fn write_to(&self, frame: &mut FrameBuf);
}

impl<T: Dump> Item for T {
    fn write_to(&self, frame: &mut FrameBuf) {
        let mut encoder = Encoder::new(frame);
        self.dump(&mut encoder).unwrap();
        encoder.stop().unwrap();
    }
}

impl World {
    pub(super) fn transmit(&mut self, from: usize, bytes: &[u8]) {
        if self.sides[from].writing && !self.cut {
            self.sides[1 - from].wire.extend(bytes);
        }
    }

    /// This many bytes arrive, and complete frames are handled. Returns whether anything happened.
    pub(super) fn deliver(&mut self, to: usize, bytes: usize) -> bool {
        let side = &mut self.sides[to];
        if !side.reading || side.session.is_paused() {
            return false;
        }
        let count = bytes.min(side.wire.len());
        side.read.extend(side.wire.drain(..count));
        let mut handled = false;
        while let Some(frame) = self.sides[to].next_frame() {
            handled = true;
            let message = Message::parse(frame).unwrap();
            if !self.handle(to, message) {
                return true;
            }
        }
        let side = &self.sides[to];
        let ends = side.wire_ends && side.wire.is_empty();
        if ends {
            self.link_ends(to);
        }
        count > 0 || handled || ends
    }

    /// Returns false if no more frames may be read for now.
    fn handle(&mut self, to: usize, message: Message) -> bool {
        let id = message.channel();
        let (number, cost) = match &message {
            Message::Data(_, item) => (number_of(&item.payload), item.cost()),
            _ => (0, 0),
        };
        let error = match &message {
            Message::CloseError(_, error) => Some(error.text().len() + ITEM_COST),
            _ => None,
        };
        let side = &mut self.sides[to];
        match side.session.handle(message) {
            Event::Nothing => {}
            Event::Item(()) => side.arrived(id, number, cost),
            Event::Ended(()) => {
                if let Some(cost) = error {
                    side.errors.insert(id, cost);
                }
                side.ended(id);
            }
            Event::Refused((), reply) => {
                side.errors.insert(id, 0);
                side.ended(id);
                self.post(to, [reply]);
            }
            Event::Credit(()) => side.wake(|waiter| waiter.id == id),
            Event::Reply(reply) => self.post(to, [reply]),
            Event::Exec(id, _) => {
                side.session.accept(id, 0).unwrap();
                side.session.call_begins(0);
                side.session.call_done(id);
                side.handles.insert(id, 1);
            }
            Event::Terminated => {
                self.link_ends(to);
                return false;
            }
            other => panic!("{other:?}"),
        }
        !self.sides[to].session.is_paused()
    }

    fn link_ends(&mut self, side: usize) {
        self.sides[side].link_ends();
        self.sides[1 - side].wire_ends = true;
    }

    pub(super) fn exit(&mut self, side: usize) {
        if !self.sides[side].writing {
            return;
        }
        self.severed = true;
        self.transmit(
            side,
            &frame(MessageCode::GatewayTerminate, ChannelId(0), None),
        );
        self.sides[1 - side].wire_ends = true;
        let this = &mut self.sides[side];
        this.writing = false;
        this.session.never_pause();
        this.wake(|_| true);
    }

    pub(super) fn cut(&mut self, bytes: usize) {
        (self.severed, self.cut) = (true, true);
        for side in &mut self.sides {
            side.wire.truncate(bytes);
            side.wire_ends = true;
            // A reader that stays paused would never see the end.
            side.session.never_pause();
        }
    }

    /// Runs everything that can run, until nothing can.
    fn settle(&mut self) {
        while (0..2).filter(|&side| self.progress(side)).count() > 0 {
            self.sides.iter_mut().for_each(Side::check);
        }
    }

    fn progress(&mut self, side: usize) -> bool {
        let mut any = self.deliver(side, usize::MAX);
        any |= self.call(side, 0, 100, false);
        for waiter in (0..self.sides[side].waiters.len()).rev() {
            any |= self.resume(side, waiter);
        }
        let ids: Vec<_> = self.sides[side].handles.keys().copied().collect();
        for id in ids {
            let waiting = self.sides[side].inbox.get(&id);
            let here = waiting.is_some_and(|items| !items.is_empty());
            any |= here && !self.sides[side].callbacks.contains_key(&id) && self.take(side, id);
        }
        any
    }

    /// All bytes arrive and all items are taken; then the link is cut, and all handles are dropped.
    pub(super) fn finish(mut self) {
        self.settle();
        if !self.severed {
            self.check_complete();
            self.give_up_all();
            self.check_nothing_left();
        }
        self.cut(0);
        self.settle();
        self.give_up_all();
        for side in &self.sides {
            assert!(side.waiters.is_empty(), "{:?} still wait", side.waiters);
            let left = side.session.living();
            assert_eq!(left, 0, "channels are left: {:?}", side.session);
            assert_eq!(side.session.waiting(), 0);
        }
    }

    fn check_complete(&self) {
        let may_be_lost = self.may_be_lost();
        for (from, to) in [(0, 1), (1, 0)] {
            for (id, sent) in &self.sides[from].sent {
                let received = self.sides[to].received.get(id);
                let received = received.into_iter().flatten().copied();
                let received: Vec<_> = received.filter(|&number| number != ANSWER).collect();
                let lost = received != *sent;
                assert!(
                    !lost || may_be_lost.contains(id),
                    "{id:?}: {sent:?} was sent, {received:?} came"
                );
            }
            let stuck = &self.sides[from].waiters;
            let stuck = stuck.iter().find(|waiter| {
                matches!(waiter.wait, Wait::Room(..)) && !may_be_lost.contains(&waiter.id)
            });
            assert!(stuck.is_none(), "{stuck:?} waits, and all was received");
        }
    }

    /// Drops all handles that no thread waits with.
    fn give_up_all(&mut self) {
        for side in 0..2 {
            let held = self.sides[side].handles.clone();
            for (id, count) in held {
                (0..count).for_each(|_| self.release(side, id));
            }
        }
        self.settle();
    }

    /// Except channels that a thread waits on, and callbacks whose end the peer does not send any more.
    fn check_nothing_left(&mut self) {
        for side in &mut self.sides {
            let held = side.handles.len();
            let called = side.callbacks.iter();
            let called = called.filter(|(id, callback)| {
                **callback != Callback::Done && !side.handles.contains_key(id)
            });
            let kept = held + called.count();
            let left = side.session.living();
            assert_eq!(left, kept, "channels are left: {:?}", side.session);
        }
    }
}
