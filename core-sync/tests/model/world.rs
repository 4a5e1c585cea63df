//! Both ends and their link, and the effect of each step.

use alloc::collections::{BTreeMap, BTreeSet};

use execnet_core_sync::Role;
use execnet_core_sync::frame::{Header, MessageCode};
use execnet_core_sync::session::{ITEM_COST, NextItem, Reply, SendPermit};
use execnet_serializer::{Bytes, ChannelId};

use super::peers::frame;
use super::side::{Side, Wait, Waiter};
use super::step::Naming;
use super::{Setting, Step};

/// Both ends, and the common state of the model.
pub(super) struct World {
    pub(super) sides: [Side; 2],
    counter: i32,
    /// Channels that one side has closed or dropped: items on them may be lost.
    pub(super) touched: BTreeSet<ChannelId>,
    /// Channels by the channel on which they were named: if that one was closed, the item with the name may be lost.
    named_on: BTreeSet<(usize, ChannelId, ChannelId)>,
    /// Channels that the peer knows.
    introduced: BTreeSet<ChannelId>,
    /// All channels so far, in the order in which they were made.
    made: BTreeMap<ChannelId, usize>,
    /// The link was cut or an end has exited: bytes that have not arrived may be lost.
    pub(super) severed: bool,
    /// No written bytes arrive any more.
    pub(super) cut: bool,
}

impl World {
    pub(super) fn new(setting: Setting) -> Self {
        Self {
            sides: [Role::Initiator, Role::Worker].map(|role| Side::new(role, setting)),
            counter: 0,
            touched: BTreeSet::new(),
            named_on: BTreeSet::new(),
            introduced: BTreeSet::new(),
            made: BTreeMap::new(),
            severed: false,
            cut: false,
        }
    }

    pub(super) fn run(&mut self, step: Step) {
        match step {
            Step::Exec => self.request(MessageCode::ChannelExec),
            Step::Status => self.request(MessageCode::Status),
            Step::Open { side } => drop(self.open(side)),
            Step::Deliver { to, bytes } => drop(self.deliver(to, bytes)),
            Step::Resume { side, waiter } => drop(self.resume(side, waiter)),
            Step::Call {
                side,
                callback,
                items,
                fails,
            } => drop(self.call(side, callback, items, fails)),
            Step::Exit { side } => self.exit(side),
            Step::Cut { bytes } => self.cut(bytes),
            Step::Send { side, on, .. }
            | Step::Take { side, on }
            | Step::Receive { side, on }
            | Step::WaitClose { side, on }
            | Step::SetCallback { side, on }
            | Step::Release { side, handle: on }
            | Step::Close {
                side, handle: on, ..
            } => {
                if let Some(id) = self.sides[side].handle_of(on) {
                    self.run_on(step, side, id);
                }
            }
        }
        self.sides.iter_mut().for_each(Side::check);
    }

    /// Runs a step that uses a handle of a channel.
    fn run_on(&mut self, step: Step, side: usize, id: ChannelId) {
        match step {
            Step::Send { naming, size, .. } => self.send(side, id, naming, size),
            Step::Take { .. } => drop(self.take(side, id)),
            Step::Receive { .. } => self.wait(side, id, Wait::Item),
            Step::WaitClose { .. } => self.wait(side, id, Wait::End),
            Step::SetCallback { .. } => self.set_callback(side, id),
            Step::Release { .. } => self.release(side, id),
            Step::Close { error, .. } => self.close(side, id, error),
            _ => {}
        }
    }

    /// The initiator sends a request on a new channel.
    fn request(&mut self, code: MessageCode) {
        let Some(id) = self.open(0).filter(|_| self.sides[0].writing) else {
            return;
        };
        match code {
            MessageCode::ChannelExec => self.introduced.insert(id),
            // The answer closes it.
            _ => self.touched.insert(id),
        };
        self.transmit(0, &frame(code, id, None));
    }

    fn open(&mut self, side: usize) -> Option<ChannelId> {
        let id = self.sides[side].session.open().ok()?;
        let made = self.made.insert(id, self.made.len());
        assert_eq!(made, None, "{id:?} was allotted twice");
        self.sides[side].handles.insert(id, 1);
        Some(id)
    }

    fn send(&mut self, side: usize, id: ChannelId, naming: Naming, size: usize) {
        let named = match naming {
            Naming::Nothing => None,
            Naming::Fresh => self.open(side),
            Naming::Known(pick) => self.sides[side].handle_of(pick),
        };
        // Channels that are named in each other's inboxes keep each other alive, as the session documents. A channel is only
        // sent on channels that were made before it, so that no such cycle occurs.
        let named = named.filter(|named| self.made[named] >= self.made[&id]);
        self.counter += 1;
        self.wait(side, id, Wait::Room(self.counter, size, named));
        let last = self.sides[side].waiters.len() - 1;
        self.resume(side, last);
    }

    fn wait(&mut self, side: usize, id: ChannelId, wait: Wait) {
        let awake = true;
        self.sides[side].waiters.push(Waiter { id, wait, awake });
    }

    /// A waiting thread checks its condition again. Returns whether its wait is over.
    pub(super) fn resume(&mut self, side: usize, pick: usize) -> bool {
        let waiters = &self.sides[side].waiters;
        let Some(&waiter) = waiters.get(pick % waiters.len().max(1)).filter(|w| w.awake) else {
            return false;
        };
        let at = pick % waiters.len();
        let done = match waiter.wait {
            Wait::Item => self.take(side, waiter.id),
            Wait::End => self.take_end(side, waiter.id),
            Wait::Room(number, size, named) => self.sent(side, waiter.id, number, size, named),
        };
        if done {
            self.sides[side].waiters.remove(at);
        } else {
            self.sides[side].waiters[at].awake = false;
        }
        done
    }

    /// Returns whether the item was sent, or never will be.
    fn sent(
        &mut self,
        side: usize,
        id: ChannelId,
        number: i32,
        size: usize,
        named: Option<ChannelId>,
    ) -> bool {
        let this = &mut self.sides[side];
        match this.session.send_permit(id) {
            _ if !this.writing => return true,
            SendPermit::Now => {}
            SendPermit::Wait => return false,
            _ => return true,
        }
        let named = named.filter(|named| this.handles.contains_key(named));
        let item = (number, named, Bytes(vec![b'B'; size]));
        let bytes = frame(MessageCode::ChannelData, id, Some(&item));
        let cost = bytes.len() - Header::SIZE + ITEM_COST;
        this.session.spend(id, cost);
        this.sent.entry(id).or_default().push(number);
        if !self.introduced.contains(&id) {
            self.touched.insert(id);
        }
        self.introduced.extend(named);
        self.named_on
            .extend(named.map(|named| (self.made[&id], id, named)));
        self.transmit(side, &bytes);
        true
    }

    /// Takes the next item of a channel, or its end. Returns whether there was one.
    pub(super) fn take(&mut self, side: usize, id: ChannelId) -> bool {
        let this = &mut self.sides[side];
        if this.callbacks.contains_key(&id) {
            // An error counts as well.
            return true;
        }
        match this.session.take(id) {
            NextItem::Item(item) => {
                this.check_taken(id, &item);
                let grant = this.session.grant(id);
                self.post(side, grant);
                true
            }
            other => {
                this.check_end(id, &other, true);
                other != NextItem::Nothing
            }
        }
    }

    fn take_end(&mut self, side: usize, id: ChannelId) -> bool {
        let this = &mut self.sides[side];
        if this.callbacks.contains_key(&id) {
            return !this.is_called(id);
        }
        let taken = this.session.take_end(id);
        this.check_end(id, &taken, false);
        taken != NextItem::Nothing
    }

    pub(super) fn release(&mut self, side: usize, id: ChannelId) {
        let this = &mut self.sides[side];
        let held = this.handles.get_mut(&id).unwrap();
        if *held == 1 && this.waiters.iter().any(|waiter| waiter.id == id) {
            // They borrow the handle.
            return;
        }
        *held -= 1;
        if *held == 0 {
            this.handles.remove(&id);
            if !this.is_called(id) {
                self.touched.insert(id);
            }
        }
        let due = self.sides[side].session.release(id).replies;
        self.post(side, due);
        self.forget(side, id);
    }

    /// Forgets a removed channel.
    pub(super) fn forget(&mut self, side: usize, id: ChannelId) {
        let this = &mut self.sides[side];
        if this.session.state(id).is_none() {
            this.errors.remove(&id);
            this.callbacks.remove(&id);
        }
    }

    pub(super) fn close(&mut self, side: usize, id: ChannelId, error: bool) {
        let this = &mut self.sides[side];
        if !this.session.close(id) {
            return;
        }
        self.touched.insert(id);
        this.ended(id);
        let bytes = match error {
            true => frame(MessageCode::ChannelCloseError, id, Some(&"it failed")),
            false => frame(MessageCode::ChannelClose, id, None),
        };
        self.transmit(side, &bytes);
    }

    /// Writes the reply of the session.
    pub(super) fn post(&mut self, side: usize, replies: impl IntoIterator<Item = Reply>) {
        for reply in replies {
            if let Reply::Close(id) | Reply::CloseError(id, _) = reply {
                self.touched.insert(id);
            }
            let bytes = reply.to_bytes().unwrap();
            self.transmit(side, &bytes);
        }
    }

    /// Items may be lost with their channel, and with them the channels that they name.
    pub(super) fn may_be_lost(&self) -> BTreeSet<ChannelId> {
        let mut touched = self.touched.clone();
        // A channel is named only on those that were made before, so that one pass in their order is enough.
        for (_, carrier, named) in &self.named_on {
            if touched.contains(carrier) {
                touched.insert(*named);
            }
        }
        touched
    }
}
