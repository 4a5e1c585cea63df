//! Protocol 3, as docs/rsync-protocol.md describes it: the messages, without who sends them.

mod entry;
mod message;
mod packed;
mod start;
mod transfer;

#[cfg(test)]
mod tests;

use core::error::Error;
use core::fmt;

pub(crate) use entry::{End, Entry, EntryKind, Section, pack_root, unpack_root};
#[cfg(any(test, feature = "test-util"))]
pub(crate) use message::Content;
pub(crate) use message::{FromSource, FromTarget, dump_data, split_data};
pub(crate) use packed::Unpacker;
pub(crate) use start::{Ready, Role, Settings, Start};
pub(crate) use transfer::{
    Digest, FileResult, Note, NoteKind, Outcome, Segment, SegmentKind, Want,
};

use super::beneath::{MAX_DEPTH, NameError};

/// The version both sides have to speak.
pub(crate) const VERSION: i64 = 3;

/// The longest text of a link, in bytes: Linux' PATH_MAX.
pub(crate) const MAX_LINK: usize = 4096;

/// A peer that does not keep to the protocol. The sync with it ends; nothing of what it asked for in that message
/// was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ProtocolError {
    /// An item that is no message.
    Message,
    /// A record that is none of the protocol's.
    Record,
    /// Records that end in the middle of one.
    CutShort,
    /// Another version.
    Version,
    /// What is no name of a directory's entry.
    Name(NameError),
    /// Names twice in a directory, or not in order.
    NameOrder,
    /// A section of a folder out of turn.
    Folder,
    /// Folders inside one another beyond the limit.
    TooDeep,
    /// More entries than the limit.
    TooMany,
    /// Listings of more bytes or files than any sync accepts.
    ListingSize,
    /// A request for something that was not listed, or that was asked for before.
    Request,
    /// Content that was not asked for, or not in that order.
    Content,
    /// Content beyond the size that was announced for it.
    Size,
    /// An acknowledgement of something that was not sent.
    Acknowledgement,
    /// A message at a time it has no place in.
    OutOfTurn,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "an item that is no message",
            Self::Record => "a record of no known kind",
            Self::CutShort => "a record that is cut short",
            Self::Version => "another version of the protocol",
            Self::Name(error) => return error.fmt(f),
            Self::NameOrder => "names that are not in ascending order",
            Self::Folder => "the listing of a folder out of turn",
            Self::TooDeep => return write!(f, "folders nested deeper than {MAX_DEPTH}"),
            Self::TooMany => "more entries than the limit",
            Self::ListingSize => "listings that are too large",
            Self::Request => "a request for what was not offered, or for the second time",
            Self::Content => "content that was not asked for, or out of order",
            Self::Size => "more content than was announced",
            Self::Acknowledgement => "the acknowledgement of what was not sent",
            Self::OutOfTurn => "a message out of turn",
        })
    }
}

impl Error for ProtocolError {}
