//! What each message does.

use alloc::vec::Vec;

use execnet_serializer::{ChannelId, StrConfig};

use super::entry::Entry;
use super::inbox::Failure;
use super::{
    EncodedItem, Event, InboxOverflow, Message, RefusedCall, RefusedId, RemoteError, Reply, Role,
    Session,
};

/// What the peer is told whose channel was closed because it sends faster than it is received from.
const OVERFLOW: &str = "the inbox at the other end is full";

impl<W: Default> Session<W> {
    /// What a frame does.
    pub fn handle(&mut self, message: Message) -> Event<'_, W> {
        match message {
            Message::Status(id) => self.answer_status(id),
            Message::Reconfigure(id, strings) => self.reconfigured(id, strings),
            Message::Terminate => Event::Terminated,
            Message::Exec(id, payload) => self.exec(id, payload),
            Message::Data(id, item) => self.data(id, item),
            Message::Close(id) => self.closed(id, None),
            Message::CloseError(id, error) => self.closed(id, Some(error)),
            Message::LastMessage(id) => self.last_message(id),
            Message::Credit(id, credit) => self.credited(id, credit),
        }
    }

    fn answer_status(&self, id: ChannelId) -> Event<'_, W> {
        Event::Reply(match self.role {
            Role::Worker => Reply::Status(id, self.status()),
            // A worker is told nothing that it was not asked to know.
            Role::Initiator => Reply::CloseError(id, "status disallowed"),
        })
    }

    fn reconfigured(&mut self, id: ChannelId, strings: StrConfig) -> Event<'_, W> {
        if id == ChannelId(0) {
            self.reconfigure_gateway(strings);
        } else if self.channels.contains_key(&id) {
            self.reconfigure_channel(id, strings);
        } else {
            // Stock execnet makes the channel and drops it at once: a CLOSE is what the peer sees.
            return Event::Reply(Reply::Close(id));
        }
        Event::Nothing
    }

    fn exec(&self, id: ChannelId, payload: Vec<u8>) -> Event<'_, W> {
        if self.role == Role::Initiator {
            return Event::Reply(Reply::CloseError(id, "execution disallowed"));
        }
        match self.may_make(id) {
            Ok(()) => Event::Exec(id, payload),
            Err(error) => Event::Reply(Reply::CloseError(id, RefusedCall::Id(error).text())),
        }
    }

    pub(super) fn may_make(&self, id: ChannelId) -> Result<(), RefusedId> {
        if self.channels.contains_key(&id) {
            return Err(RefusedId::InUse(id));
        }
        self.ids.check(id)
    }

    fn data(&mut self, id: ChannelId, item: EncodedItem) -> Event<'_, W> {
        let open = |channel: &&Entry<W>| channel.state.can_receive();
        let Some(waiting) = self.channels.get(&id).filter(open).map(|c| c.inbox.cost()) else {
            return Event::Nothing;
        };
        if let Some(overflow) = self.accounting.refuses(waiting) {
            return self.overflow(id, overflow);
        }
        let refused = self.register(id, &item.references).err();
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        channel.accept(item, refused);
        self.accounting.change(waiting, channel.inbox.cost());
        Event::Item(&mut channel.waiters)
    }

    /// Closes a channel that has more than it may.
    fn overflow(&mut self, id: ChannelId, overflow: InboxOverflow) -> Event<'_, W> {
        let Some(is_told) = self.change_state(id, |channel| {
            channel.inbox.fail(Failure::Overflow(overflow));
            channel.close()
        }) else {
            return Event::Nothing;
        };
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        if is_told {
            Event::Refused(&mut channel.waiters, Reply::CloseError(id, OVERFLOW))
        } else {
            Event::Ended(&mut channel.waiters)
        }
    }

    fn credited(&mut self, id: ChannelId, amount: u32) -> Event<'_, W> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        let Some(credit) = &mut channel.credit else {
            return Event::Nothing;
        };
        credit.refill(usize::try_from(amount).unwrap_or(usize::MAX));
        Event::Credit(&mut channel.waiters)
    }

    /// Makes the channels that an item names and that do not live, and holds all of them for the item. On an
    /// error none was made or held.
    fn register(&mut self, carrier: ChannelId, references: &[ChannelId]) -> Result<(), RefusedId> {
        let mut peer_made = self.peer_made;
        for &id in references {
            if !self.channels.contains_key(&id) {
                self.ids.check(id)?;
                peer_made += 1;
                if peer_made > self.max_peer_made {
                    let limit = self.max_peer_made;
                    return Err(RefusedId::TooMany { id, limit });
                }
            }
        }
        self.peer_made = peer_made;
        for &id in references {
            let fresh = || {
                self.open += 1;
                self.made += 1;
                Entry::new(self.made, self.strings, self.credit, true)
            };
            let channel = self.channels.entry(id).or_insert_with(fresh);
            // A channel in its own inbox would hold itself for ever.
            channel.inbox_refs += usize::from(id != carrier);
        }
        Ok(())
    }

    fn closed(&mut self, id: ChannelId, error: Option<RemoteError>) -> Event<'_, W> {
        let ended = self.change_state(id, |channel| channel.state.close_remotely());
        let Some(channel) = self.channels.get_mut(&id).filter(|_| ended == Some(true)) else {
            return Event::Nothing;
        };
        if let Some(error) = error {
            let before = channel.inbox.error_cost();
            let error = match self.accounting.reached(channel.inbox.cost()) {
                Some(_) => error.shortened(),
                None => error,
            };
            channel.inbox.fail(Failure::Remote(error));
            self.accounting
                .change_error(before, channel.inbox.error_cost());
        }
        Event::Ended(&mut channel.waiters)
    }

    fn last_message(&mut self, id: ChannelId) -> Event<'_, W> {
        let ended = self.change_state(id, |channel| channel.state.end_receiving());
        match self.channels.get_mut(&id) {
            Some(channel) if ended == Some(true) => Event::Ended(&mut channel.waiters),
            _ => Event::Nothing,
        }
    }
}
