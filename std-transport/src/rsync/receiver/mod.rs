//! The target of a sync: a state machine that takes messages, works on the tree, and returns messages.
//!
//! It requests files in the order in which they are listed and gets them in that order. Beside the folders, only the
//! list of files that are still to come grows with a sync. At the end come further names of files, then links, then
//! deletions, and last the modes and times of folders, which everything before would change.

mod content;
mod entries;
mod finish;
mod folders;
mod listing;
mod names;
mod outgoing;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::mem;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use content::digest;
use content::{Incoming, Wanted};
use listing::Current;
use names::{Groups, PendingName};

use super::beneath::{Dir, Folders, Kind, Meta, Name, Pass, ROOT, make_root, parent};
use super::origin::Origin;
use super::protocol::{FromSource, FromTarget, ProtocolError, Settings, Want};
use crate::rsync::observer::Observer;

/// Settings of a receiver that are not part of the protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Whether the source lists only folders that are requested, instead of all.
    pub(crate) asks: bool,
    /// Maximum number of entries of all listings.
    pub(crate) entries: u64,
    /// Maximum number of bytes of all listings: the folders and links in them are kept in memory.
    pub(crate) listing: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            asks: false,
            entries: 10_000_000,
            listing: 1 << 30,
        }
    }
}

/// The state of a target.
#[derive(Debug)]
pub(crate) struct Receiver<O> {
    observer: O,
    settings: Settings,
    rules: Rules,
    /// The absolute path of the tree, for links into it.
    place: PathBuf,
    /// The path of this tree from the source's root, if it is in the source.
    itself: Option<Vec<u8>>,
    folders: Folders,
    /// By folder number.
    states: Vec<FolderState>,
    /// Folders whose listing is still to come, in the order in which they will come.
    expected: VecDeque<u32>,
    /// Folders whose listing will be requested, the next one last.
    to_ask: Vec<u32>,
    current: Option<Current>,
    /// Numbers of entries and files that have been listed.
    entries: u64,
    files: u32,
    /// Number of bytes of all listings.
    listed: usize,
    /// The request of a sync whose root is a file.
    first_wants: Vec<u8>,
    wanted: VecDeque<Wanted>,
    incoming: Option<Incoming>,
    links: Vec<PendingLink>,
    groups: Groups,
    names: Vec<PendingName>,
    /// Entries that the source does not have, by folder and name.
    deletions: Vec<(u32, Box<[u8]>)>,
    /// Numbers of bytes of content that were taken, and that the source knows of.
    taken: u64,
    acknowledged: u64,
    outcomes: Vec<u8>,
    notes: Vec<u8>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// DONE was sent.
    Done,
    /// FINISH was received.
    Finished,
}

/// A folder of the tree.
#[derive(Debug, Clone, Copy)]
struct FolderState {
    presence: DirState,
    mode: u16,
    mtime: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DirState {
    /// It existed before the sync.
    Old,
    /// The sync has created it: it needs no comparison with what is in it.
    New,
    /// A sync that is not a dry run would create it.
    Imagined,
    /// It could not be created or opened, or must not be changed. Entries in it are ignored.
    Lost,
}

#[derive(Debug)]
struct PendingLink {
    folder: u32,
    name: Box<[u8]>,
    target: Box<[u8]>,
}

impl<O: Observer> Receiver<O> {
    /// A receiver for the tree at `path`, which is created if it does not exist. If the root is a single file, `path`
    /// is the path of that file.
    ///
    /// # Errors
    /// The directory cannot be created or opened.
    pub(crate) fn new(
        path: &Path,
        root: &Meta,
        settings: Settings,
        rules: Rules,
        observer: O,
    ) -> io::Result<Self> {
        if root.kind == Kind::Directory {
            let mut receiver = Self::empty(path, root, settings, rules, observer)?;
            receiver.expected.push_back(ROOT);
            return Ok(receiver);
        }
        let mut receiver = Self::empty(parent(path), root, settings, rules, observer)?;
        receiver.single_file(path, root)?;
        Ok(receiver)
    }

    /// As [`new`](Self::new), for a source that may be on this system.
    ///
    /// # Errors
    /// As [`new`](Self::new), or the sync would copy the tree into itself or delete its own source.
    pub(crate) fn from_origin(
        origin: Option<&Origin>,
        path: &Path,
        root: &Meta,
        settings: Settings,
        rules: Rules,
        observer: O,
    ) -> io::Result<Self> {
        // First, so that nothing is created if it is refused.
        let itself = origin.map(|origin| origin.admit(path)).transpose()?;
        let mut receiver = Self::new(path, root, settings, rules, observer)?;
        receiver.itself = itself.flatten();
        receiver.sparing(origin)
    }

    /// Checks that the sync does not delete its own source.
    ///
    /// # Errors
    /// The source is in the tree, and the sync deletes entries that the source does not have.
    fn sparing(mut self, origin: Option<&Origin>) -> io::Result<Self> {
        let deletes = self.settings.delete && self.state(ROOT).presence == DirState::Old;
        let root = self.folders.open(Pass::Listing, ROOT)?;
        match origin.filter(|_| deletes) {
            Some(origin) if origin.is_inside(&root)? => {
                Err(io::Error::other("the source is in it and would be deleted"))
            }
            _ => Ok(self),
        }
    }

    fn empty(
        path: &Path,
        root: &Meta,
        settings: Settings,
        rules: Rules,
        observer: O,
    ) -> io::Result<Self> {
        let (dir, presence) = open_root(path, settings)?;
        let state = FolderState {
            presence,
            mode: root.mode,
            mtime: root.mtime,
        };
        Ok(Self {
            observer,
            settings,
            rules,
            place: std::path::absolute(path)?,
            itself: None,
            folders: Folders::new(Arc::new(dir)),
            states: vec![state],
            expected: VecDeque::new(),
            to_ask: Vec::new(),
            current: None,
            entries: 0,
            files: 0,
            listed: 0,
            first_wants: Vec::new(),
            wanted: VecDeque::new(),
            incoming: None,
            links: Vec::new(),
            groups: Groups::new(),
            names: Vec::new(),
            deletions: Vec::new(),
            taken: 0,
            acknowledged: 0,
            outcomes: Vec::new(),
            notes: Vec::new(),
            phase: Phase::Running,
        })
    }

    fn single_file(&mut self, path: &Path, root: &Meta) -> io::Result<()> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let name = Name::new(name.as_encoded_bytes()).map_err(io::Error::other)?;
        let mut wants = Vec::new();
        // The directory of the file is not part of the sync: nothing in it is removed, and there are no notes about it.
        if let Some(state) = self
            .states
            .first_mut()
            .filter(|state| state.presence == DirState::Old)
        {
            state.presence = DirState::Lost;
        }
        self.list_file(ROOT, name, root, None, &mut wants);
        self.first_wants = wants;
        if let Some(state) = self.states.first_mut() {
            state.presence = DirState::Lost;
        }
        Ok(())
    }

    /// Adds the first messages to `out`: the request of a single file, or of the root's listing.
    pub(crate) fn begin(&mut self, out: &mut Vec<FromTarget>) {
        if !self.first_wants.is_empty() {
            out.push(FromTarget::Want(mem::take(&mut self.first_wants)));
        }
        if self.rules.asks && !self.expected.is_empty() {
            out.push(FromTarget::Ask(ROOT.to_be_bytes().to_vec()));
        }
        self.finish_if_complete(out);
    }

    /// Handles one message, and adds the messages to send to `out`.
    ///
    /// # Errors
    /// The source violates the protocol; the sync is over.
    pub(crate) fn handle(
        &mut self,
        message: FromSource,
        out: &mut Vec<FromTarget>,
    ) -> Result<(), ProtocolError> {
        match (message, self.phase) {
            (FromSource::List(sections), Phase::Running) => self.take_list(&sections, out)?,
            (FromSource::Data(content), Phase::Running) => {
                self.take_data(content.segments(), content.body(), out)?;
            }
            (FromSource::Finish, Phase::Done) => self.phase = Phase::Finished,
            _ => return Err(ProtocolError::OutOfTurn),
        }
        self.finish_if_complete(out);
        Ok(())
    }

    /// Whether the sync is over.
    pub(crate) fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
    }

    fn finish_if_complete(&mut self, out: &mut Vec<FromTarget>) {
        let pending = self.current.is_some() || self.incoming.is_some();
        let pending = pending || !self.expected.is_empty() || !self.wanted.is_empty();
        // Asked after every message: the last one may be a listing or content, and for an empty tree there is none.
        if pending || self.phase != Phase::Running {
            return;
        }
        if self.settings.dry_run {
            self.note_tree(out);
        } else {
            self.finish_tree(out);
        }
        self.push_acknowledgement(out);
        self.push_notes(out);
        out.push(FromTarget::Done);
        self.phase = Phase::Done;
    }

    fn state(&self, folder: u32) -> FolderState {
        // For a number without a folder, which does not happen: numbers are checked when they are received.
        let lost = FolderState {
            presence: DirState::Lost,
            mode: 0o700,
            mtime: 0,
        };
        let index = usize::try_from(folder).ok();
        index
            .and_then(|index| self.states.get(index))
            .copied()
            .unwrap_or(lost)
    }
}

fn want(file: u32) -> Want {
    Want { file, digest: None }
}

/// Opens the root, and creates it if it does not exist. A dry run opens the current directory in its place, in which
/// nothing is looked up.
fn open_root(path: &Path, settings: Settings) -> io::Result<(Dir, DirState)> {
    match Dir::at(path) {
        Ok(dir) => Ok((dir, DirState::Old)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) if settings.dry_run => Ok((Dir::at(Path::new("."))?, DirState::Imagined)),
        Err(_) => Ok((make_root(path, settings.fsync)?, DirState::New)),
    }
}
