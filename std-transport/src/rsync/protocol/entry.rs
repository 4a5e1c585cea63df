//! Records of the listing: sections of folders with their entries.

use super::packed::Unpacker;
use super::{MAX_LINK, ProtocolError};
use crate::rsync::beneath::{Kind, Meta, Name};

/// An entry of a listed folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) name: Name<'a>,
    pub(crate) kind: EntryKind<'a>,
}

/// The kind of a listed entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind<'a> {
    /// Has the next file number.
    File { mode: u16, size: u64, mtime: i64 },
    /// As `File`, for a file with several names: `first` is the number of the name that was listed first.
    HardLink {
        first: u32,
        mode: u16,
        size: u64,
        mtime: i64,
    },
    /// Has the next folder number; a section of its own follows.
    Folder { mode: u16, mtime: i64 },
    /// A symbolic link with this text.
    Link(&'a [u8]),
    /// An absolute link into the source, as the path from the root: the target makes it a link into its own tree.
    LinkInside(&'a [u8]),
    /// An entry that is not transferred; the target keeps its own entry of that name. The text is the reason of a
    /// failure, and empty if the entry is skipped by intention.
    Protected(&'a [u8]),
}

const FILE: u8 = b'f';
const HARD_LINK: u8 = b'h';
const FOLDER: u8 = b'd';
const LINK: u8 = b'l';
const LINK_INSIDE: u8 = b'i';
const PROTECTED: u8 = b'k';

/// The root of a sync: a directory or a single file.
pub(crate) fn pack_root(meta: &Meta) -> Vec<u8> {
    let mut packed = Vec::new();
    let kind = if meta.kind == Kind::Directory {
        FOLDER
    } else {
        FILE
    };
    put_header(&mut packed, kind, meta.mode, meta.size, meta.mtime, 0);
    packed
}

pub(crate) fn unpack_root(packed: &[u8]) -> Result<Meta, ProtocolError> {
    let mut unpacker = Unpacker::new(packed);
    let header = Header::read(&mut unpacker)?;
    let kind = match header.kind {
        FILE => Kind::File,
        FOLDER => Kind::Directory,
        _ => return Err(ProtocolError::Record),
    };
    Ok(Meta {
        kind,
        mode: header.mode,
        size: header.size,
        mtime: header.mtime,
    })
}

struct Header {
    kind: u8,
    mode: u16,
    size: u64,
    mtime: i64,
    name_len: u16,
}

impl Header {
    fn read(unpacker: &mut Unpacker<'_>) -> Result<Self, ProtocolError> {
        Ok(Self {
            kind: unpacker.u8()?,
            mode: unpacker.u16()?,
            size: unpacker.u64()?,
            mtime: unpacker.i64()?,
            name_len: unpacker.u16()?,
        })
    }
}

fn put_header(out: &mut Vec<u8>, kind: u8, mode: u16, size: u64, mtime: i64, name_len: u16) {
    out.push(kind);
    out.extend_from_slice(&mode.to_be_bytes());
    out.extend_from_slice(&size.to_be_bytes());
    out.extend_from_slice(&mtime.to_be_bytes());
    out.extend_from_slice(&name_len.to_be_bytes());
}

impl<'a> Entry<'a> {
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        let number;
        let (kind, mode, size, mtime, target): (_, _, _, _, &[u8]) = match self.kind {
            EntryKind::File { mode, size, mtime } => (FILE, mode, size, mtime, b""),
            EntryKind::HardLink {
                first,
                mode,
                size,
                mtime,
            } => {
                number = first.to_be_bytes();
                (HARD_LINK, mode, size, mtime, &number)
            }
            EntryKind::Folder { mode, mtime } => (FOLDER, mode, 0, mtime, b""),
            EntryKind::Link(target) => (LINK, 0, len(target), 0, target),
            EntryKind::LinkInside(path) => (LINK_INSIDE, 0, len(path), 0, path),
            EntryKind::Protected(reason) => (PROTECTED, 0, len(reason), 0, reason),
        };
        let name = self.name.as_bytes();
        // A `Name` has 255 bytes at most.
        put_header(
            out,
            kind,
            mode,
            size,
            mtime,
            u16::try_from(name.len()).unwrap_or(0),
        );
        out.extend_from_slice(name);
        out.extend_from_slice(target);
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'a>) -> Result<Self, ProtocolError> {
        let header = Header::read(unpacker)?;
        let name =
            Name::new(unpacker.bytes(header.name_len.into())?).map_err(ProtocolError::Name)?;
        let Header {
            mode, size, mtime, ..
        } = header;
        let kind = match header.kind {
            FILE => EntryKind::File { mode, size, mtime },
            HARD_LINK => EntryKind::HardLink {
                first: unpacker.u32()?,
                mode,
                size,
                mtime,
            },
            FOLDER => EntryKind::Folder { mode, mtime },
            LINK => EntryKind::Link(text(unpacker, size)?),
            LINK_INSIDE => EntryKind::LinkInside(text(unpacker, size)?),
            PROTECTED => EntryKind::Protected(text(unpacker, size)?),
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self { name, kind })
    }
}

/// The text of a link or of a reason.
fn text<'a>(unpacker: &mut Unpacker<'a>, len: u64) -> Result<&'a [u8], ProtocolError> {
    let len = usize::try_from(len)
        .ok()
        .filter(|&len| len <= MAX_LINK)
        .ok_or(ProtocolError::Record)?;
    unpacker.bytes(len)
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The header of a section: the folder of the entries that follow it, and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) folder: u32,
    pub(crate) entries: u32,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// More sections of this folder follow.
    NotYet,
    /// The folder is listed whole.
    Whole,
    /// The folder could not be read to its end: entries that are missing may exist, and must not be deleted.
    CutOff,
}

impl Section {
    pub(crate) const SIZE: usize = 9;

    pub(crate) fn pack(&self) -> [u8; Self::SIZE] {
        let [a, b, c, d] = self.folder.to_be_bytes();
        let [e, f, g, h] = self.entries.to_be_bytes();
        let end = match self.end {
            End::NotYet => 0,
            End::Whole => 1,
            End::CutOff => 2,
        };
        [a, b, c, d, e, f, g, h, end]
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'_>) -> Result<Self, ProtocolError> {
        let (folder, entries) = (unpacker.u32()?, unpacker.u32()?);
        let end = match unpacker.u8()? {
            0 => End::NotYet,
            1 => End::Whole,
            2 => End::CutOff,
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self {
            folder,
            entries,
            end,
        })
    }
}
