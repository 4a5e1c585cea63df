//! Taking items from inboxes, and what that gives back: credit, and room in the inboxes.

use execnet_serializer::ChannelId;

use super::entry::Entry;
use super::inbox::EndCause;
use super::{Hold, NextItem, QueuedItem, Reply, Session};

impl<W> Session<W> {
    /// Takes the next item of a channel; behind the last item its error, once, and then its end.
    pub fn take(&mut self, id: ChannelId) -> NextItem {
        match self.take_item(id) {
            Some(item) => NextItem::Item(item),
            None => self.take_end(id),
        }
    }

    /// As [`take`](Self::take), without the error and the end: for callbacks.
    pub fn take_item(&mut self, id: ChannelId) -> Option<QueuedItem> {
        let channel = self.channels.get_mut(&id)?;
        let before = channel.inbox.cost();
        let item = channel.inbox.pop(&mut self.spare)?;
        self.accounting.change(before, channel.inbox.cost());
        // On taking and not on arrival: credit bounds the items that wait here, and not only those on the wire.
        if let Some(credit) = &mut channel.credit {
            credit.consume(item.cost);
        }
        self.hand_over(id, &item.references);
        Some(item)
    }

    /// As [`take_item`](Self::take_item), for an item that waits elsewhere before it is received: it counts in limits and
    /// credit until the hold is given to [`let_go_item`](Self::let_go_item).
    pub fn hold_item(&mut self, id: ChannelId) -> Option<(QueuedItem, Hold)> {
        let channel = self.channels.get_mut(&id)?;
        // No credit is returned, and the accounting does not change: both follow when the hold ends.
        let item = channel.inbox.pop_held(&mut self.spare)?;
        let hold = Hold {
            channel: id,
            serial: channel.serial,
            cost: item.cost,
        };
        self.hand_over(id, &item.references);
        Some((item, hold))
    }

    /// The inbox references of a taken item become handles of its taker.
    fn hand_over(&mut self, carrier: ChannelId, references: &[ChannelId]) {
        // One step, under the driver's lock: a channel whose only reference is this item must not be without one in
        // between.
        for &id in references {
            // As in `register`: an item that names its own channel holds no reference.
            if id != carrier {
                self.drop_inbox_ref(id);
            }
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.handles += 1;
            }
        }
    }

    /// Ends the hold of an item: it was received.
    pub fn let_go_item(&mut self, hold: Hold) {
        let channel = self.channels.get_mut(&hold.channel);
        // By the serial number, as an id is not unique: a peer can use the id again once the channel is gone. The cost of
        // items that outlive their channel is counted for the gateway alone.
        let Some(channel) = channel.filter(|channel| channel.serial == hold.serial) else {
            return self.accounting.drop_held(hold.cost);
        };
        let before = channel.inbox.cost();
        channel.inbox.let_go(hold.cost);
        self.accounting.change(before, channel.inbox.cost());
        if let Some(credit) = &mut channel.credit {
            credit.consume(hold.cost);
        }
    }

    /// As [`take`](Self::take), without the items: for threads that wait for the end of the channel.
    pub fn take_end(&mut self, id: ChannelId) -> NextItem {
        let Some(channel) = self.channels.get_mut(&id) else {
            return NextItem::End;
        };
        let before = channel.inbox.error_cost();
        // Taken out: of several threads that wait for the end one gets the error, and the others find a closed channel.
        let end_cause = channel.inbox.end_cause.take();
        self.accounting
            .change_error(before, channel.inbox.error_cost());
        match end_cause {
            Some(EndCause::Remote(error)) => NextItem::Error(error),
            Some(EndCause::Overflow(overflow)) => NextItem::Overflow(overflow),
            None if channel.state.can_receive() => NextItem::Nothing,
            None if channel.was_open_at_disconnect => NextItem::LinkEnd,
            None => NextItem::End,
        }
    }

    /// Whether no more items arrive on the channel. Items can still be in its inbox.
    #[must_use]
    pub fn has_ended(&self, id: ChannelId) -> bool {
        let open = |channel: &Entry<W>| channel.state.can_receive();
        !self.channels.get(&id).is_some_and(open)
    }

    /// The credit to send for the items taken from the channel, if the ends agreed on credit. Call it after taking an item.
    pub fn grant(&mut self, id: ChannelId) -> Option<Reply> {
        let channel = self.channels.get_mut(&id)?;
        // A peer that sends no more needs no credit.
        let open = channel.state.can_receive();
        let credit = channel.credit.as_mut().filter(|_| open)?;
        credit.grant().map(|grant| Reply::Credit(id, grant))
    }

    /// Whether no frame may be read before an item is taken: see [`OverflowPolicy::Pause`](super::OverflowPolicy::Pause).
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.accounting.pauses()
    }

    /// From now on a full inbox closes its channel, and [`is_paused`](Self::is_paused) stays false.
    pub fn never_pause(&mut self) {
        self.accounting.never_pause();
    }

    /// Cost of the items and errors in all inboxes, as in [`InboxLimits`](super::InboxLimits).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.accounting.waiting()
    }
}
