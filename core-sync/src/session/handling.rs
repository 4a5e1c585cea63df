//! The effect of each message on the session.

use alloc::vec::Vec;

use execnet_serializer::{ChannelId, StrConfig};

use super::entry::Entry;
use super::inbox::EndCause;
use super::{
    EncodedItem, Event, InboxOverflow, Message, NO_MEMORY, RefusedCall, RefusedId, RemoteError,
    Reply, Role, Session,
};
use crate::frame::{Header, MessageCode};

/// The error that a peer gets if its channel was closed because items wait beyond the limits.
const OVERFLOW: &str = "the inbox at the other end is full";

/// The error that a peer gets if its channel was closed because of one item.
const ITEM_TOO_LONG: &str = "the item is longer than the other end accepts";
const CALL_TOO_LONG: &str = "execution is refused: the call is longer than the other end accepts";

/// The error that a peer gets if its channel was closed because there is no memory for an item.
const NO_MEMORY_FOR_ITEM: &str = "the other end has no memory for the item";

/// Why the payload of a frame was not read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unread {
    /// It is above this limit.
    TooLong(usize),
    /// There is no memory for it.
    NoMemory,
}

impl<W: Default> Session<W> {
    /// Applies a message of the peer. Returns what the driver has to do.
    pub fn handle(&mut self, message: Message) -> Event<'_, W> {
        match message {
            Message::Status(id) => self.answer_status(id),
            Message::Reconfigure(id, strings) => self.reconfigured(id, strings),
            Message::Terminate => Event::Terminated,
            Message::Exec(id, payload) => self.exec(id, payload),
            Message::Data(id, item) => self.data(id, item),
            Message::Unstored(id) => self.unstored(id),
            Message::Close(id) => self.closed(id, None),
            Message::CloseError(id, error) => self.closed(id, Some(error)),
            Message::LastMessage(id) => self.last_message(id),
            Message::Credit(id, credit) => self.credited(id, credit),
        }
    }

    fn answer_status(&self, id: ChannelId) -> Event<'_, W> {
        Event::Reply(match self.role {
            Role::Worker => Reply::Status(id, self.status()),
            // A worker has no power over its controller, and learns nothing of it.
            Role::Initiator => Reply::CloseError(id, "status disallowed"),
        })
    }

    fn reconfigured(&mut self, id: ChannelId, strings: StrConfig) -> Event<'_, W> {
        if id == ChannelId(0) {
            self.reconfigure_gateway(strings);
        } else if self.channels.contains_key(&id) {
            self.reconfigure_channel(id, strings);
        } else {
            // As stock execnet, which makes the channel and drops it at once: the peer sees a CLOSE.
            return Event::Reply(Reply::Close(id));
        }
        Event::Nothing
    }

    fn exec(&self, id: ChannelId, payload: Vec<u8>) -> Event<'_, W> {
        if self.role == Role::Initiator {
            return Event::Reply(Reply::CloseError(id, "execution disallowed"));
        }
        // The channel is not made here: the driver may refuse the call for reasons of its own, and calls `accept`
        // otherwise.
        match self.may_make(id) {
            Ok(()) => Event::Exec(id, payload),
            Err(error) => Event::Reply(Reply::CloseError(id, RefusedCall::Id(error).text())),
        }
    }

    /// Whether the peer may make a channel of this id.
    pub(super) fn may_make(&self, id: ChannelId) -> Result<(), RefusedId> {
        if self.channels.contains_key(&id) {
            return Err(RefusedId::InUse(id));
        }
        self.ids.check(id)
    }

    fn data(&mut self, id: ChannelId, item: EncodedItem) -> Event<'_, W> {
        // Not an error: the channel was closed or dropped here while the item was on the way. Channels that it names
        // are not made either, as no receiver would ever own them.
        let open = |channel: &&Entry<W>| channel.state.can_receive();
        let Some(waiting) = self.channels.get(&id).filter(open).map(|c| c.inbox.cost()) else {
            return Event::Nothing;
        };
        if let Some(overflow) = self.accounting.refuses(waiting) {
            return self.overflow(id, overflow, OVERFLOW);
        }
        let plain = item.references.is_empty();
        let room =
            |channel: &mut Entry<W>| channel.inbox.items.make_room(item.payload.len(), plain);
        if !self.channels.get_mut(&id).is_some_and(room) {
            return self.unstored(id);
        }
        // Before the next frame, which may already be for a channel that this item names.
        let refused = self.register(id, &item.references).err();
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        channel.accept(item, refused, &mut self.spare);
        self.accounting.change(waiting, channel.inbox.cost());
        Event::Item(&mut channel.waiters)
    }

    /// There is no memory for an item: closes its channel.
    fn unstored(&mut self, id: ChannelId) -> Event<'_, W> {
        if self.has_ended(id) {
            return Event::Nothing;
        }
        // No limit was reached, but an inbox is full that has no memory left.
        let limit = self.accounting.waiting();
        self.overflow(id, InboxOverflow { limit }, NO_MEMORY_FOR_ITEM)
    }

    /// Refuses an item or a call whose payload was not read: closes its channel. `None` for any other frame, which cannot
    /// be left out.
    pub(crate) fn refuse_unread(
        &mut self,
        header: &Header,
        unread: Unread,
    ) -> Option<Event<'_, W>> {
        let id = header.channel;
        match (header.code, unread) {
            (MessageCode::ChannelData, Unread::NoMemory) => Some(self.unstored(id)),
            (MessageCode::ChannelData, _) if self.has_ended(id) => Some(Event::Nothing),
            (MessageCode::ChannelData, Unread::TooLong(limit)) => {
                Some(self.overflow(id, InboxOverflow { limit }, ITEM_TOO_LONG))
            }
            (MessageCode::ChannelExec, Unread::TooLong(_)) => {
                Some(Event::Reply(Reply::CloseError(id, CALL_TOO_LONG)))
            }
            (MessageCode::ChannelExec, Unread::NoMemory) => {
                Some(Event::Reply(Reply::CloseError(id, NO_MEMORY)))
            }
            _ => None,
        }
    }

    /// Closes a channel that accepts no more items. The peer gets the text.
    fn overflow(
        &mut self,
        id: ChannelId,
        overflow: InboxOverflow,
        text: &'static str,
    ) -> Event<'_, W> {
        let closed = self.change_state(id, |channel| {
            channel.inbox.end_cause = Some(EndCause::Overflow(overflow));
            channel.close()
        });
        match closed {
            Some((channel, true)) => {
                Event::Refused(&mut channel.waiters, Reply::CloseError(id, text))
            }
            Some((channel, false)) => Event::Ended(&mut channel.waiters),
            None => Event::Nothing,
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

    /// Makes the channels that an item names and that do not exist, and adds an inbox reference to each channel that it
    /// names. On an error nothing has changed.
    fn register(&mut self, carrier: ChannelId, references: &[ChannelId]) -> Result<(), RefusedId> {
        // First all checks, then all changes: an item that is refused must not leave channels behind.
        let mut peer_made = self.peer_made;
        let mut new = 0;
        for &id in references {
            if !self.channels.contains_key(&id) {
                self.ids.check(id)?;
                peer_made += 1;
                new += 1;
                if peer_made > self.max_peer_made {
                    let limit = self.max_peer_made;
                    return Err(RefusedId::TooMany { id, limit });
                }
            }
        }
        if let Some(&id) = references
            .first()
            .filter(|_| new > 0 && !self.has_memory(new))
        {
            return Err(RefusedId::Memory(id));
        }
        self.peer_made = peer_made;
        for &id in references {
            let make = || {
                self.open += 1;
                self.made += 1;
                Entry::new(self.made, self.strings, self.credit, true)
            };
            let channel = self.channels.entry(id).or_insert_with(make);
            // A reference from its own inbox would keep the channel alive for ever.
            channel.inbox_refs += usize::from(id != carrier);
        }
        Ok(())
    }

    fn closed(&mut self, id: ChannelId, error: Option<RemoteError>) -> Event<'_, W> {
        // Both sides can close at the same time: a CLOSE of a closed channel changes nothing, and its error is dropped.
        let closed = self.change_state(id, |channel| channel.state.close());
        let closed = closed.is_some_and(|(_, changed)| changed);
        let Some(channel) = self.channels.get_mut(&id).filter(|_| closed) else {
            return Event::Nothing;
        };
        if let Some(error) = error {
            let before = channel.inbox.error_cost();
            // An error is never refused, as the channel has ended with it, but with full inboxes it costs next to nothing:
            // otherwise a peer could open channels and fail them, each with a long text.
            let error = match self.accounting.reached(channel.inbox.cost()) {
                Some(_) => error.shortened(),
                None => error,
            };
            channel.inbox.end_cause = Some(EndCause::Remote(error));
            self.accounting
                .change_error(before, channel.inbox.error_cost());
        }
        Event::Ended(&mut channel.waiters)
    }

    fn last_message(&mut self, id: ChannelId) -> Event<'_, W> {
        match self.change_state(id, |channel| channel.state.end_receiving()) {
            Some((channel, true)) => Event::Ended(&mut channel.waiters),
            _ => Event::Nothing,
        }
    }
}
