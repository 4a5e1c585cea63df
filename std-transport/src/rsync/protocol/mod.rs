//! The messages of protocol 3, see docs/rsync-protocol.md.

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

/// The version of the protocol, which must be the same on both sides.
pub(crate) const VERSION: i64 = 3;

/// Maximum length of the text of a link, in bytes: Linux' PATH_MAX.
pub(crate) const MAX_LINK: usize = 4096;

/// A violation of the protocol by the peer. The sync with it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ProtocolError {
    /// An item is not a message.
    Message,
    /// A record is malformed.
    Record,
    /// The last record is incomplete.
    CutShort,
    /// The version is another one.
    Version,
    /// The name of an entry is invalid.
    Name(NameError),
    /// Names of a directory are repeated or not in order.
    NameOrder,
    /// A section is not of the folder that is expected next.
    Folder,
    /// Folders are nested too deeply.
    TooDeep,
    /// There are too many entries.
    TooMany,
    /// The listings have too many bytes or files.
    ListingSize,
    /// A request is for something that was not listed or has been requested before.
    Request,
    /// Content was not requested, or is out of order.
    Content,
    /// Content is longer or shorter than its announced size.
    Size,
    /// An acknowledgement is for something that was not sent.
    Acknowledgement,
    /// A message is not allowed in this state.
    OutOfTurn,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "an item that is not a message",
            Self::Record => "a malformed record",
            Self::CutShort => "an incomplete record",
            Self::Version => "another version of the protocol",
            Self::Name(error) => return error.fmt(f),
            Self::NameOrder => "names that are not in ascending order",
            Self::Folder => "the listing of a folder out of turn",
            Self::TooDeep => return write!(f, "folders nested deeper than {MAX_DEPTH}"),
            Self::TooMany => "more entries than the limit",
            Self::ListingSize => "listings that are too large",
            Self::Request => "a request for something that was not listed, or a repeated request",
            Self::Content => "content that was not asked for, or out of order",
            Self::Size => "content of another size than announced",
            Self::Acknowledgement => "an acknowledgement of something that was not sent",
            Self::OutOfTurn => "a message out of turn",
        })
    }
}

impl Error for ProtocolError {}
