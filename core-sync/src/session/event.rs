//! What a session returns to its driver.

use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::ChannelId;

use super::{InboxOverflow, QueuedItem, RemoteError, Reply};

/// What the driver has to do after a frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, W> {
    /// Nothing.
    Nothing,
    /// An item arrived: wake one receiver of the channel.
    Item(&'a mut W),
    /// The channel ended, or the peer sends no more on it: wake all threads that wait on it.
    Ended(&'a mut W),
    /// This end closed the channel. Wake the threads as for [`Ended`](Self::Ended), and write the reply.
    Refused(&'a mut W, Reply),
    /// The peer gave credit: wake all threads that wait to send on the channel.
    Credit(&'a mut W),
    /// Write the reply, in order with other replies. The thread that reads frames must not write it: it could block.
    Reply(Reply),
    /// The peer calls a function, on a channel that does not exist yet: [`accept`](super::Session::accept) makes it.
    Exec(ChannelId, Vec<u8>),
    /// The peer exits: read no more frames.
    Terminated,
}

/// Result of taking from a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextItem {
    /// The next item. The taker now holds one handle of each channel that it names.
    Item(QueuedItem),
    /// The error that the peer closed the channel with. It is returned once.
    Error(RemoteError),
    /// The channel was closed because its inbox was full. It is returned once.
    Overflow(InboxOverflow),
    /// The channel ended: no more items will arrive.
    End,
    /// The link ended before the channel did.
    LinkEnd,
    /// No item has arrived yet.
    Nothing,
}

/// Whether an item may be sent on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendPermit {
    /// Yes.
    Now,
    /// Only after the peer's program has received earlier items and given credit.
    Wait,
    /// The channel is closed.
    Closed,
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
