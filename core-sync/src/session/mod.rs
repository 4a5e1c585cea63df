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

mod calls;
mod channel_state;
mod entry;
mod handles;
mod handling;
mod ids;
mod inbox;
mod message;
mod references;
mod remote_error;
mod reply;

pub use calls::BUSY;
pub use channel_state::ChannelState;
pub use ids::{Ids, RefusedId, Role};
pub use inbox::Queued;
pub use message::{EncodedItem, Message, ProtocolError};
pub use remote_error::RemoteError;
pub use reply::{EncodeFrameError, Load, Reply};
#[cfg(feature = "std")]
pub(crate) use reply::{empty, encode};

use alloc::collections::{BTreeMap, BTreeSet};
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
    /// The channels that code was accepted on which has not ended; a channel can be gone before its code.
    calls: BTreeSet<ChannelId>,
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
            calls: BTreeSet::new(),
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
