//! The state machine of one end of a gateway: who may send, what a frame does to a channel, what to answer.
//!
//! There is no lock, clock, thread or stream in it: bytes and waiting are the driver's, so that a server, a
//! microcontroller, a model test and a fuzzer drive the same code.
//!
//! ```text
//!   frame ──Message::parse──▶ Message ──Session::handle──▶ Event: wake this one, write that reply
//!                                            │
//!                              inboxes ◀─────┘     Session::take ──▶ item, error, end
//! ```
//!
//! A channel lives here for as long as something holds it: a handle of the program, or an item that names it
//! and waits in the inbox of another channel. What a driver needs besides, to wake those who wait on a channel,
//! is kept with the channel as a `W`.

mod channel_state;
mod entry;
mod ids;
mod inbox;
mod message;
mod references;
mod remote_error;
mod reply;

pub use channel_state::ChannelState;
pub use ids::{Ids, RefusedId, Role};
pub use inbox::Queued;
pub use message::{EncodedItem, Message, ProtocolError};
pub use remote_error::RemoteError;
pub use reply::{EncodeFrameError, Load, Reply};
#[cfg(feature = "std")]
pub(crate) use reply::{empty, encode};

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig};

use entry::Entry;

/// What a frame asks of the driver.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, W> {
    /// Nothing.
    Nothing,
    /// An item waits: one who receives on the channel can go on.
    Item(&'a mut W),
    /// The channel ended, or will send no more: all who wait on it can go on.
    Ended(&'a mut W),
    /// This is to be written, in order with other replies, but not by who reads frames.
    Reply(Reply),
    /// The peer asks for code to be run on a channel that does not live yet.
    Exec(ChannelId, Vec<u8>),
    /// The peer winds down: no more frames are to be read.
    Terminated,
}

/// What taking from a channel gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Taken {
    /// The next item. The taker now holds one handle of each channel it names.
    Item(Queued),
    /// The error the peer closed the channel with. It is given once.
    Error(RemoteError),
    /// The channel ended: nothing will come any more.
    End,
    /// The link ended before the channel did.
    LinkEnd,
    /// Nothing is there yet.
    Nothing,
}

/// No channel can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The link ended.
    LinkEnd,
    /// All 2^30 ids of this end are used up.
    IdsUsedUp,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkEnd => "the link ended",
            Self::IdsUsedUp => "all channel ids of this gateway are used up",
        })
    }
}

impl core::error::Error for OpenError {}

/// One end of a gateway.
#[derive(Debug)]
pub struct Session<W> {
    role: Role,
    ids: Ids,
    channels: BTreeMap<ChannelId, Entry<W>>,
    /// The settings that later channels start with.
    strings: StrConfig,
    /// How many of the channels were made by the peer, and how many may be.
    foreign: usize,
    max_foreign: usize,
    ended: bool,
}

impl<W: Default> Session<W> {
    /// A session without channels, whose peer may make `max_foreign` channels that live at a time.
    #[must_use]
    pub fn new(role: Role, max_foreign: usize) -> Self {
        Self {
            role,
            ids: Ids::new(role),
            channels: BTreeMap::new(),
            strings: StrConfig::CHANNEL,
            foreign: 0,
            max_foreign,
            ended: false,
        }
    }

    /// Opens a channel on the next id and gives its first handle.
    ///
    /// # Errors
    ///
    /// The link has ended, or no id is left.
    pub fn open(&mut self) -> Result<ChannelId, OpenError> {
        if self.ended {
            return Err(OpenError::LinkEnd);
        }
        let id = self.ids.allot().ok_or(OpenError::IdsUsedUp)?;
        // No channel lives there yet: a peer may not name an id that was never allotted.
        self.channels.insert(id, Entry::ours(self.strings));
        Ok(id)
    }

    /// What a frame does.
    pub fn handle(&mut self, message: Message) -> Event<'_, W> {
        match message {
            Message::Status(id) => self.status(id),
            Message::Reconfigure(id, strings) => self.reconfigured(id, strings),
            Message::Terminate => Event::Terminated,
            Message::Exec(id, payload) => self.exec(id, payload),
            Message::Data(id, item) => self.data(id, item),
            Message::Close(id) => self.closed(id, None),
            Message::CloseError(id, error) => self.closed(id, Some(error)),
            Message::LastMessage(id) => self.last_message(id),
        }
    }

    /// Takes what is next on a channel: items first, then the error, then the end.
    pub fn take(&mut self, id: ChannelId) -> Taken {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Taken::End;
        };
        match channel.inbox.pop() {
            Some(item) => {
                self.hand_over(id, &item.references);
                Taken::Item(item)
            }
            None => self.take_end(id),
        }
    }

    /// As [`take`](Self::take), but leaves items where they are: what a waiter for the end of the channel gets.
    pub fn take_end(&mut self, id: ChannelId) -> Taken {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Taken::End;
        };
        if let Some(error) = channel.inbox.take_error() {
            Taken::Error(error)
        } else if channel.state.can_receive() {
            Taken::Nothing
        } else if channel.cut_off {
            Taken::LinkEnd
        } else {
            Taken::End
        }
    }

    /// Whether an item may be sent on the channel.
    #[must_use]
    pub fn may_send(&self, id: ChannelId) -> bool {
        self.state(id).is_some_and(ChannelState::can_send)
    }

    /// Where the channel stands; `None` where it does not live.
    #[must_use]
    pub fn state(&self, id: ChannelId) -> Option<ChannelState> {
        self.channels.get(&id).map(|channel| channel.state)
    }

    /// What the driver keeps with the channel.
    pub fn waker(&mut self, id: ChannelId) -> Option<&mut W> {
        self.channels.get_mut(&id).map(|channel| &mut channel.waker)
    }

    /// Closes the channel from this side. True where the peer has to be told.
    pub fn close(&mut self, id: ChannelId) -> bool {
        self.channels
            .get_mut(&id)
            .is_some_and(|channel| channel.state.close_locally())
    }

    /// The string settings of a channel; those of the gateway where it does not live.
    #[must_use]
    pub fn strings(&self, id: ChannelId) -> StrConfig {
        self.channels
            .get(&id)
            .map_or(self.strings, |channel| channel.strings)
    }

    /// Sets how the strings of items that arrive from now on are read.
    pub fn reconfigure_channel(&mut self, id: ChannelId, strings: StrConfig) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.strings = strings;
        }
    }

    /// Sets how the strings are read on channels that are made from now on.
    pub fn reconfigure_gateway(&mut self, strings: StrConfig) {
        self.strings = strings;
    }

    /// The living channels.
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            numchannels: self.channels.len(),
            numexecuting: 0,
        }
    }

    /// The link ended: no channel receives any more, none is opened any more.
    pub fn end(&mut self) {
        self.ended = true;
        for channel in self.channels.values_mut() {
            channel.cut_off = channel.state.end_receiving();
        }
    }

    /// What the driver keeps with each channel.
    pub fn wakers(&mut self) -> impl Iterator<Item = &mut W> {
        self.channels.values_mut().map(|channel| &mut channel.waker)
    }
}

/// Handles.
impl<W> Session<W> {
    /// Whether giving up one handle of the channel certainly needs no frame.
    #[must_use]
    pub fn release_is_silent(&self, id: ChannelId) -> bool {
        self.channels.get(&id).is_none_or(|channel| {
            let last = channel.handles <= 1 && channel.pins == 0;
            !last || (!channel.state.drop_frame() && !channel.inbox.holds_references())
        })
    }

    /// Gives up one handle of the channel, and tells which channels the peer is to be told the CLOSE of. That can
    /// be several: an inbox that goes with its channel holds the channels that its items name.
    pub fn release(&mut self, id: ChannelId) -> Vec<ChannelId> {
        let mut closes = Vec::new();
        let mut unheld = Vec::new();
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.handles = channel.handles.saturating_sub(1);
            unheld = vec![id];
        }
        while let Some(id) = unheld.pop() {
            let Some(channel) = self.remove_unheld(id) else {
                continue;
            };
            if channel.state.drop_frame() {
                closes.push(id);
            }
            for pinned in channel.inbox.into_references().filter(|&other| other != id) {
                self.unpin(pinned);
                unheld.push(pinned);
            }
        }
        closes
    }

    fn remove_unheld(&mut self, id: ChannelId) -> Option<Entry<W>> {
        self.channels
            .get(&id)
            .filter(|channel| channel.is_unheld())?;
        let channel = self.channels.remove(&id)?;
        self.foreign = self.foreign.saturating_sub(usize::from(channel.foreign));
        Some(channel)
    }

    /// The pins of an item that is taken become handles of the taker.
    fn hand_over(&mut self, carrier: ChannelId, references: &[ChannelId]) {
        for &id in references {
            if id != carrier {
                self.unpin(id);
            }
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.handles += 1;
            }
        }
    }

    fn unpin(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.pins = channel.pins.saturating_sub(1);
        }
    }
}

/// What each message does.
impl<W: Default> Session<W> {
    fn status(&self, id: ChannelId) -> Event<'_, W> {
        Event::Reply(match self.role {
            Role::Worker => Reply::Status(id, self.load()),
            // A worker is told nothing that it was not asked to know.
            Role::Initiator => Reply::Refuse(id, "status disallowed"),
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
            return Event::Reply(Reply::Refuse(id, "execution disallowed"));
        }
        match self.may_make(id) {
            Ok(()) => Event::Exec(id, payload),
            Err(_) => Event::Reply(Reply::Refuse(id, "execution on this channel id is refused")),
        }
    }

    fn may_make(&self, id: ChannelId) -> Result<(), RefusedId> {
        if self.channels.contains_key(&id) {
            return Err(RefusedId::InUse(id));
        }
        self.ids.judge(id)
    }

    fn data(&mut self, id: ChannelId, item: EncodedItem) -> Event<'_, W> {
        let open = |channel: &Entry<W>| channel.state.can_receive();
        if !self.channels.get(&id).is_some_and(open) {
            return Event::Nothing;
        }
        let refused = self.register(id, &item.references).err();
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        channel.accept(item, refused);
        Event::Item(&mut channel.waker)
    }

    /// Makes the channels that an item names and that do not live, and holds all of them for the item. On an
    /// error none was made or held.
    fn register(&mut self, carrier: ChannelId, references: &[ChannelId]) -> Result<(), RefusedId> {
        let mut foreign = self.foreign;
        for &id in references {
            if !self.channels.contains_key(&id) {
                self.ids.judge(id)?;
                foreign += 1;
                if foreign > self.max_foreign {
                    let limit = self.max_foreign;
                    return Err(RefusedId::TooMany { id, limit });
                }
            }
        }
        self.foreign = foreign;
        for &id in references {
            let fresh = || Entry::foreign(self.strings);
            let channel = self.channels.entry(id).or_insert_with(fresh);
            // A channel in its own inbox would hold itself for ever.
            channel.pins += usize::from(id != carrier);
        }
        Ok(())
    }

    fn closed(&mut self, id: ChannelId, error: Option<RemoteError>) -> Event<'_, W> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        if !channel.state.close_remotely() {
            return Event::Nothing;
        }
        if let Some(error) = error {
            channel.inbox.set_error(error);
        }
        Event::Ended(&mut channel.waker)
    }

    fn last_message(&mut self, id: ChannelId) -> Event<'_, W> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Event::Nothing;
        };
        if channel.state.end_receiving() {
            Event::Ended(&mut channel.waker)
        } else {
            Event::Nothing
        }
    }
}
