//! A malicious source: it can make a receiver write nothing outside of its root.

#[cfg(unix)]
mod content;
#[cfg(unix)]
mod hard_links;
mod holes;
mod listings;
#[cfg(windows)]
mod windows;

use alloc::sync::Arc;
use std::fs;
use std::path::PathBuf;

use crate::rsync::beneath::{Kind, Meta, Name};
use crate::rsync::protocol::{
    Content, End, Entry, EntryKind, FromSource, FromTarget, ProtocolError, Section, Segment,
    SegmentKind, Settings,
};
use crate::rsync::receiver::{Receiver, Rules};

struct Place {
    /// Contains the root. Nothing else may appear in it.
    outside: tempfile::TempDir,
    receiver: Receiver<()>,
    out: Vec<FromTarget>,
}

impl Place {
    fn new(settings: Settings, rules: Rules) -> Self {
        let outside = tempfile::tempdir().unwrap();
        let root = Meta {
            kind: Kind::Directory,
            mode: 0o755,
            size: 0,
            mtime: 0,
        };
        let path = outside.path().join("root");
        let mut receiver = Receiver::new(&path, &root, settings, rules, ()).unwrap();
        let mut out = Vec::new();
        receiver.begin(&mut out);
        Self {
            outside,
            receiver,
            out,
        }
    }

    fn plain() -> Self {
        Self::new(Settings::default(), Rules::default())
    }

    fn root(&self) -> PathBuf {
        self.outside.path().join("root")
    }

    fn list(&mut self, sections: &[u8]) -> Result<(), ProtocolError> {
        self.receiver
            .handle(FromSource::List(Arc::new(sections.to_vec())), &mut self.out)
    }

    fn data(&mut self, segments: &[Segment], body: &[u8]) -> Result<(), ProtocolError> {
        let mut packed = Vec::new();
        segments
            .iter()
            .for_each(|segment| segment.pack(&mut packed));
        let message = FromSource::Data(Content::new(packed, body));
        self.receiver.handle(message, &mut self.out)
    }

    /// Whether the receiver has created nothing beside its root.
    fn is_outside_untouched(&self) -> bool {
        fs::read_dir(self.outside.path()).unwrap().count() == 1
    }
}

const FILE: EntryKind<'_> = EntryKind::File {
    mode: 0o644,
    size: 4,
    mtime: 7,
};
const FOLDER: EntryKind<'_> = EntryKind::Folder {
    mode: 0o755,
    mtime: 7,
};

/// A section of entries whose names may be invalid.
fn raw_section(folder: u32, end: End, entries: &[(&[u8], EntryKind<'_>)]) -> Vec<u8> {
    let count = u32::try_from(entries.len()).unwrap();
    let mut packed = Section {
        folder,
        entries: count,
        end,
    }
    .pack()
    .to_vec();
    for (name, kind) in entries {
        // Packed under a valid name, which is then overwritten.
        let placeholder = vec![b'x'; name.len().clamp(1, 255)];
        let start = packed.len();
        Entry {
            name: Name::new(&placeholder).unwrap(),
            kind: *kind,
        }
        .pack(&mut packed);
        let (len, at) = (u16::try_from(name.len()).unwrap(), start + 21);
        packed[start + 19..at].copy_from_slice(&len.to_be_bytes());
        packed.splice(at..at + placeholder.len(), name.iter().copied());
    }
    packed
}

fn whole(folder: u32, entries: &[(&[u8], EntryKind<'_>)]) -> Vec<u8> {
    raw_section(folder, End::Whole, entries)
}

fn first(file: u32, size: u64, len: u32, last: bool) -> Segment {
    Segment {
        file,
        kind: SegmentKind::First {
            mode: 0o644,
            size,
            mtime: 7,
        },
        last,
        len,
    }
}

/// With sparse files and hard links.
fn keeping() -> Place {
    let settings = Settings {
        sparse: true,
        hard_links: true,
        ..Settings::default()
    };
    Place::new(settings, Rules::default())
}
