//! The content of requested files.

use core::mem;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use sha2::{Digest as _, Sha256};

use super::Receiver;
use crate::rsync::beneath::{Dir, Name, Pass, Temporary};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{
    Digest, FileResult, FromTarget, ProtocolError, Segment, SegmentKind, Unpacker,
};

/// A file that was requested.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) file: u32,
    pub(super) folder: u32,
    pub(super) name: Box<[u8]>,
    /// The listed size, or once its content has begun to arrive, the size announced with that.
    pub(super) size: u64,
    /// The number of its group, if the file has several names.
    pub(super) group: Option<u32>,
}

/// A file that is being received.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) wanted: Wanted,
    /// The file that is written. After an error the rest of the content is discarded.
    sink: io::Result<Temporary>,
    mode: u16,
    mtime: i64,
    /// Number of bytes that are still to come.
    left: u64,
    /// How many of them may be holes: in total the listed size. A hole costs the source nothing, and must not make a
    /// file larger than the filter has allowed.
    holes: u64,
}

/// Outcomes are sent once they are this many bytes.
const OUTCOMES_SIZE: usize = 16 << 10;

impl<O: Observer> Receiver<O> {
    pub(super) fn take_data(
        &mut self,
        segments: &[u8],
        body: &[u8],
        out: &mut Vec<FromTarget>,
    ) -> Result<(), ProtocolError> {
        let mut headers = Unpacker::new(segments);
        let mut content = Unpacker::new(body);
        while !headers.is_empty() {
            let segment = Segment::unpack(&mut headers)?;
            // A length beyond the body fails in `bytes`: nothing is allocated by it.
            let len = usize::try_from(segment.len).map_err(|_| ProtocolError::CutShort)?;
            self.take_segment(&segment, content.bytes(len)?)?;
        }
        if !content.is_empty() {
            return Err(ProtocolError::Content);
        }
        self.taken = self
            .taken
            .saturating_add(length(segments))
            .saturating_add(length(body));
        let unacknowledged = self.taken - self.acknowledged;
        // Well before the window is used up, so that a source far away does not have to stop. Outcomes of many small
        // files are sent earlier.
        if unacknowledged >= self.settings.window / 4 || self.outcomes.len() > OUTCOMES_SIZE {
            self.push_acknowledgement(out);
        }
        Ok(())
    }

    fn take_segment(&mut self, segment: &Segment, bytes: &[u8]) -> Result<(), ProtocolError> {
        match segment.kind {
            SegmentKind::First { mode, size, mtime } => {
                let wanted = self.next_wanted(segment.file)?;
                self.begin_file(wanted, mode, size, mtime);
                self.take_bytes(segment.last, bytes)
            }
            SegmentKind::More if self.is_incoming(segment.file) => {
                self.take_bytes(segment.last, bytes)
            }
            SegmentKind::Hole { size } if self.settings.sparse && bytes.is_empty() => {
                if !self.is_incoming(segment.file) {
                    return Err(ProtocolError::Content);
                }
                self.take_hole(segment.last, size)
            }
            SegmentKind::More | SegmentKind::Hole { .. } => Err(ProtocolError::Content),
            SegmentKind::Same { mode, mtime } => {
                let wanted = self.next_wanted(segment.file)?;
                self.keep_same(&wanted, mode, mtime);
                Ok(())
            }
            SegmentKind::Failed => {
                let incoming = self.incoming.take().map(|incoming| incoming.wanted);
                let wanted = match incoming.filter(|wanted| wanted.file == segment.file) {
                    Some(wanted) => wanted,
                    None => self.next_wanted(segment.file)?,
                };
                self.settle(&wanted, FileResult::Failed(bytes));
                Ok(())
            }
        }
    }

    /// The next requested file: content comes in the order of the requests, one file after the other.
    fn next_wanted(&mut self, file: u32) -> Result<Wanted, ProtocolError> {
        let wanted = self.wanted.pop_front().filter(|_| self.incoming.is_none());
        wanted
            .filter(|wanted| wanted.file == file)
            .ok_or(ProtocolError::Content)
    }

    fn is_incoming(&self, file: u32) -> bool {
        self.incoming
            .as_ref()
            .is_some_and(|incoming| incoming.wanted.file == file)
    }

    fn begin_file(&mut self, mut wanted: Wanted, mode: u16, size: u64, mtime: i64) {
        // The announced size: the file may have grown since it was listed.
        let holes = mem::replace(&mut wanted.size, size);
        let sink = self
            .folders
            .open(Pass::Content, wanted.folder)
            .and_then(Temporary::new);
        let mode = self.settings.file_mode(mode);
        self.incoming = Some(Incoming {
            wanted,
            sink,
            mode,
            mtime,
            left: size,
            holes,
        });
    }

    fn take_bytes(&mut self, last: bool, bytes: &[u8]) -> Result<(), ProtocolError> {
        let incoming = self.incoming.as_mut().ok_or(ProtocolError::Content)?;
        incoming.left = incoming
            .left
            .checked_sub(length(bytes))
            .ok_or(ProtocolError::Size)?;
        if let Ok(temporary) = &mut incoming.sink
            && let Err(error) = temporary.file().write_all(bytes)
        {
            // This also removes the unfinished file.
            incoming.sink = Err(error);
        }
        self.end_if_last(last)
    }

    /// Leaves a hole in the file.
    fn take_hole(&mut self, last: bool, size: u64) -> Result<(), ProtocolError> {
        let incoming = self.incoming.as_mut().ok_or(ProtocolError::Content)?;
        let (left, holes) = (
            incoming.left.checked_sub(size),
            incoming.holes.checked_sub(size),
        );
        (incoming.left, incoming.holes) = left.zip(holes).ok_or(ProtocolError::Size)?;
        // Cannot underflow: `left` began as this size, and only falls.
        let end = incoming.wanted.size - incoming.left;
        if let Ok(temporary) = &mut incoming.sink
            && let Err(error) = leave_hole(temporary.file(), end)
        {
            incoming.sink = Err(error);
        }
        self.end_if_last(last)
    }

    fn end_if_last(&mut self, last: bool) -> Result<(), ProtocolError> {
        let left = self.incoming.as_ref().map_or(0, |incoming| incoming.left);
        if !last {
            return Ok(());
        }
        if left > 0 {
            return Err(ProtocolError::Size);
        }
        if let Some(incoming) = self.incoming.take() {
            self.end_file(incoming);
        }
        Ok(())
    }

    fn end_file(&mut self, incoming: Incoming) {
        let Incoming {
            wanted,
            sink,
            mode,
            mtime,
            ..
        } = incoming;
        let replaced = sink.and_then(|temporary| {
            let name = Name::new(&wanted.name).map_err(io::Error::other)?;
            // Of the open file, before it has its name: afterwards another process may have replaced it.
            let identity = wanted.group.map(|_| temporary.identity()).transpose()?;
            self.put(temporary, wanted.folder, name, mode, mtime)?;
            if let Some(group) = wanted.group {
                self.set_identity(group, identity);
            }
            Ok(())
        });
        match replaced {
            Ok(()) => self.settle(&wanted, FileResult::Written),
            Err(error) => self.settle(&wanted, FileResult::Failed(error.to_string().as_bytes())),
        }
    }

    fn put(
        &mut self,
        temporary: Temporary,
        folder: u32,
        name: Name<'_>,
        mode: u16,
        mtime: i64,
    ) -> io::Result<()> {
        // A new folder has no directories that could be in the way.
        if self.state(folder).presence == super::DirState::Old {
            let dir = self.folders.open(Pass::Content, folder)?;
            self.make_way(folder, &dir, name)?;
        }
        temporary.replace(name, mode, mtime, self.settings.fsync)
    }

    fn keep_same(&mut self, wanted: &Wanted, mode: u16, mtime: i64) {
        let mode = self.settings.file_mode(mode);
        let name = Name::new(&wanted.name).map_err(io::Error::other);
        let set = self
            .folders
            .open(Pass::Content, wanted.folder)
            .and_then(|dir| dir.set_file(name?, mode, mtime, self.settings.fsync));
        match set {
            Ok(()) => {
                self.identify_wanted(wanted);
                self.settle(wanted, FileResult::Same);
            }
            Err(error) => self.settle(wanted, FileResult::Failed(error.to_string().as_bytes())),
        }
    }
}

/// Extends a new file to this length; the next bytes are written there.
fn leave_hole(file: &mut File, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end)).map(drop)
}

/// The digest of a file of this tree.
pub(super) fn digest_of(dir: &Dir, name: Name<'_>) -> io::Result<Digest> {
    let (file, meta) = dir.open_file(name)?;
    digest(file, meta.size)
}

/// The digest of the first `size` bytes of a file.
pub(crate) fn digest(file: File, size: u64) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    let mut content = file.take(size);
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            len => hasher.update(buffer.get(..len).unwrap_or_default()),
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
