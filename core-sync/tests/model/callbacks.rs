//! The model of callbacks and of the thread that calls them.

use execnet_serializer::ChannelId;

use super::side::{Callback, Wait};
use super::world::World;

impl World {
    pub(super) fn set_callback(&mut self, side: usize, id: ChannelId) {
        let this = &mut self.sides[side];
        if this.callbacks.contains_key(&id) {
            return;
        }
        this.callbacks.insert(id, Callback::Queued);
        this.session.attach(id);
        this.wake(|waiter| waiter.id == id && waiter.wait == Wait::Item);
    }

    /// Calls a queued callback. Returns whether there was one.
    pub(super) fn call(&mut self, side: usize, pick: usize, items: usize, fails: bool) -> bool {
        let due = self.sides[side]
            .callbacks
            .iter()
            .filter(|(_, callback)| **callback == Callback::Queued);
        let due: Vec<_> = due.map(|(&id, _)| id).collect();
        let Some(&id) = due.get(pick % due.len().max(1)) else {
            return false;
        };
        for _ in 0..items {
            let this = &mut self.sides[side];
            if let Some(item) = this.session.take_item(id) {
                this.check_taken(id, &item);
                let grant = this.session.grant(id);
                self.post(side, grant);
            } else if this.session.has_ended(id) {
                self.done(side, id);
                return true;
            } else {
                this.callbacks.insert(id, Callback::Idle);
                return true;
            }
        }
        if fails {
            self.close(side, id, true);
            self.done(side, id);
        }
        true
    }

    /// A callback has ended.
    fn done(&mut self, side: usize, id: ChannelId) {
        let this = &mut self.sides[side];
        this.callbacks.insert(id, Callback::Done);
        this.ended(id);
        let due = this.session.detach(id).replies;
        this.inbox.remove(&id);
        self.post(side, due);
        self.forget(side, id);
    }
}
