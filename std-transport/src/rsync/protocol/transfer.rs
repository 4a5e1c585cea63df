//! Records of requests, content and results.

use super::ProtocolError;
use super::packed::{Unpacker, put_short};

/// The SHA-256 of a file.
pub(crate) type Digest = [u8; 32];

/// A request for a file. With a digest, the source sends the content only if its digest differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) file: u32,
    pub(crate) digest: Option<Digest>,
}

impl Want {
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.file.to_be_bytes());
        out.push(self.digest.is_some().into());
        out.extend_from_slice(self.digest.as_ref().map_or(&[], |digest| &digest[..]));
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'_>) -> Result<Self, ProtocolError> {
        let file = unpacker.u32()?;
        let digest = match unpacker.u8()? {
            0 => None,
            1 => Some(unpacker.array()?),
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self { file, digest })
    }
}

/// A part of a file, or the whole: `len` bytes of the body of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) file: u32,
    pub(crate) kind: SegmentKind,
    pub(crate) last: bool,
    pub(crate) len: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SegmentKind {
    /// The first of a file, with its metadata when it is read, which may differ from the listed.
    First { mode: u16, size: u64, mtime: i64 },
    /// A further one.
    More,
    /// A hole of `size` bytes, which are not in the body.
    Hole { size: u64 },
    /// The file has the digest of the request; there is no content.
    Same { mode: u16, mtime: i64 },
    /// The rest of the file cannot be sent. The bytes are the reason as text.
    Failed,
}

const LAST: u8 = 1;
const FIRST: u8 = 2;
const SAME: u8 = 4;
const FAILED: u8 = 8;
const HOLE: u8 = 16;

impl Segment {
    pub(crate) const SIZE: usize = 27;

    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        let (flags, mode, size, mtime) = match self.kind {
            SegmentKind::First { mode, size, mtime } => (FIRST, mode, size, mtime),
            SegmentKind::More => (0, 0, 0, 0),
            SegmentKind::Hole { size } => (HOLE, 0, size, 0),
            SegmentKind::Same { mode, mtime } => (SAME, mode, 0, mtime),
            SegmentKind::Failed => (FAILED, 0, 0, 0),
        };
        out.extend_from_slice(&self.file.to_be_bytes());
        out.push(flags | u8::from(self.last));
        out.extend_from_slice(&mode.to_be_bytes());
        out.extend_from_slice(&size.to_be_bytes());
        out.extend_from_slice(&mtime.to_be_bytes());
        out.extend_from_slice(&self.len.to_be_bytes());
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'_>) -> Result<Self, ProtocolError> {
        let (file, flags) = (unpacker.u32()?, unpacker.u8()?);
        let (mode, size, mtime) = (unpacker.u16()?, unpacker.u64()?, unpacker.i64()?);
        let last = flags & LAST != 0;
        let kind = match flags & !LAST {
            FIRST => SegmentKind::First { mode, size, mtime },
            0 => SegmentKind::More,
            HOLE => SegmentKind::Hole { size },
            SAME if last => SegmentKind::Same { mode, mtime },
            FAILED if last => SegmentKind::Failed,
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self {
            file,
            kind,
            last,
            len: unpacker.u32()?,
        })
    }
}

/// The result of a requested file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome<'a> {
    pub(crate) file: u32,
    pub(crate) result: FileResult<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileResult<'a> {
    /// The target has written it.
    Written,
    /// The target had it already: the digests are equal.
    Same,
    /// The target does not have it, for this reason.
    Failed(&'a [u8]),
}

impl<'a> Outcome<'a> {
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.file.to_be_bytes());
        let (code, text): (_, &[u8]) = match self.result {
            FileResult::Written => (0, b""),
            FileResult::Same => (1, b""),
            FileResult::Failed(text) => (2, text),
        };
        out.push(code);
        put_short(out, text);
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'a>) -> Result<Self, ProtocolError> {
        let (file, code) = (unpacker.u32()?, unpacker.u8()?);
        let text = unpacker.short()?;
        let result = match code {
            0 => FileResult::Written,
            1 => FileResult::Same,
            2 => FileResult::Failed(text),
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self { file, result })
    }
}

/// Something that the target did, or failed to do, without a request for content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note<'a> {
    pub(crate) kind: NoteKind,
    pub(crate) folder: u32,
    /// Empty for the folder itself.
    pub(crate) name: &'a [u8],
    /// The reason of a failure.
    pub(crate) text: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteKind {
    Deleted,
    Linked,
    Failed,
}

impl<'a> Note<'a> {
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            NoteKind::Deleted => b'x',
            NoteKind::Linked => b'l',
            NoteKind::Failed => b'e',
        });
        out.extend_from_slice(&self.folder.to_be_bytes());
        put_short(out, self.name);
        put_short(out, self.text);
    }

    pub(crate) fn unpack(unpacker: &mut Unpacker<'a>) -> Result<Self, ProtocolError> {
        let kind = match unpacker.u8()? {
            b'x' => NoteKind::Deleted,
            b'l' => NoteKind::Linked,
            b'e' => NoteKind::Failed,
            _ => return Err(ProtocolError::Record),
        };
        Ok(Self {
            kind,
            folder: unpacker.u32()?,
            name: unpacker.short()?,
            text: unpacker.short()?,
        })
    }
}
