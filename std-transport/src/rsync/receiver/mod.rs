//! The side that has the files in the end: a machine of messages in, work on the tree, messages out.
//!
//! It asks for files in the order in which they were listed and gets them in that order, so that the one list of
//! what is still to come is all that grows with a sync, beside the folders. Other names of files come after the files, then
//! links, deletions after these, and modes and times of folders last.

mod content;
mod finish;
mod listing;
mod names;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::mem;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub(crate) use content::digest;
use content::{Incoming, Wanted};
use listing::Current;
use names::{Groups, PendingName};

use super::beneath::{Dir, Folders, Kind, Meta, Name, Pass, ROOT, make_root};
use super::origin::Origin;
use super::protocol::{
    FileResult, FromSource, FromTarget, Note, NoteKind, Outcome, ProtocolError, Settings, Want,
};
use crate::rsync::observer::Observer;

/// What a receiver is told beside the protocol's settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// The source lists a folder only when it is asked to, and not each folder right after the one it is in.
    pub(crate) asks: bool,
    /// How many entries a listing may have.
    pub(crate) entries: u64,
    /// How many bytes a listing may have: links and folders among them are kept.
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

/// The receiving machine.
#[derive(Debug)]
pub(crate) struct Receiver<O> {
    observer: O,
    settings: Settings,
    rules: Rules,
    /// Where the tree is, for links into it.
    place: PathBuf,
    folders: Folders,
    /// By folder number.
    states: Vec<FolderState>,
    /// Folders whose listing is still to come, in the order in which it will.
    due: VecDeque<u32>,
    /// Folders that the source will be asked for, the next one last.
    to_ask: Vec<u32>,
    current: Option<Current>,
    /// How many entries and files were listed so far.
    entries: u64,
    files: u32,
    /// The bytes of all listings so far.
    listed: usize,
    /// The request of a sync whose root is a file.
    first_wants: Vec<u8>,
    wanted: VecDeque<Wanted>,
    incoming: Option<Incoming>,
    links: Vec<PendingLink>,
    groups: Groups,
    names: Vec<PendingName>,
    /// What the source does not have, by folder and name.
    deletions: Vec<(u32, Box<[u8]>)>,
    taken: u64,
    acknowledged: u64,
    outcomes: Vec<u8>,
    notes: Vec<u8>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// DONE was said.
    Done,
    /// And heard.
    Finished,
}

/// What is known of a folder here.
#[derive(Debug, Clone, Copy)]
struct FolderState {
    presence: DirState,
    mode: u16,
    mtime: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DirState {
    /// It was here before.
    Old,
    /// It was made, so that there is nothing in it.
    New,
    /// It would be made, were this not a dry run.
    Imagined,
    /// It could not be made or opened, or is not to be touched: what is listed of it is not taken.
    Lost,
}

#[derive(Debug)]
struct PendingLink {
    folder: u32,
    name: Box<[u8]>,
    target: Box<[u8]>,
}

impl<O: Observer> Receiver<O> {
    /// A receiver for the tree at `path`, which is made if it is missing. Where the root is a single file, `path`
    /// is to be that file.
    ///
    /// # Errors
    /// The place cannot be made or opened.
    pub(crate) fn new(
        path: &Path,
        root: &Meta,
        settings: Settings,
        rules: Rules,
        observer: O,
    ) -> io::Result<Self> {
        let mut receiver = match root.kind {
            Kind::Directory => Self::empty(path, root, settings, rules, observer)?,
            _ => {
                let parent = path
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                let parent = parent.unwrap_or(Path::new("."));
                Self::empty(parent, root, settings, rules, observer)?
            }
        };
        match root.kind {
            Kind::Directory => receiver.due.push_back(ROOT),
            _ => receiver.single_file(path, root)?,
        }
        Ok(receiver)
    }

    /// The same, where nothing that is to be deleted can be the source.
    ///
    /// # Errors
    /// The source is in the tree, and what it does not have is to be deleted.
    pub(crate) fn sparing(mut self, origin: Option<&Origin>) -> io::Result<Self> {
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
            folders: Folders::new(Arc::new(dir)),
            states: vec![state],
            due: VecDeque::new(),
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
        let name = Name::new(name.as_bytes()).map_err(io::Error::other)?;
        let mut wants = Vec::new();
        self.list_file(ROOT, name, root, None, &mut wants);
        self.first_wants = wants;
        // The folder is only where the file is: it is not part of the sync.
        if let Some(state) = self.states.first_mut() {
            state.presence = DirState::Lost;
        }
        Ok(())
    }

    /// What is to be said before anything was received: in a sync of a single file, whether it is wanted.
    pub(crate) fn begin(&mut self, out: &mut Vec<FromTarget>) {
        if !self.first_wants.is_empty() {
            out.push(FromTarget::Want(mem::take(&mut self.first_wants)));
        }
        if self.rules.asks && !self.due.is_empty() {
            out.push(FromTarget::Ask(ROOT.to_be_bytes().to_vec()));
        }
        self.finish_if_due(out);
    }

    /// Takes one message; what is to be sent in turn is added to `out`.
    ///
    /// # Errors
    /// The source does not keep to the protocol; the sync is over.
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
        self.finish_if_due(out);
        Ok(())
    }

    /// Whether nothing is to be received any more.
    pub(crate) fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
    }

    fn finish_if_due(&mut self, out: &mut Vec<FromTarget>) {
        let pending = self.current.is_some() || self.incoming.is_some();
        let pending = pending || !self.due.is_empty() || !self.wanted.is_empty();
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

    fn note(&mut self, kind: NoteKind, folder: u32, name: &[u8], text: &str) {
        let note = Note {
            kind,
            folder,
            name,
            text: text.as_bytes(),
        };
        let path = || self.folders.path(folder, name);
        self.observer.noted(&path, &note);
        note.pack(&mut self.notes);
    }

    fn failed(&mut self, folder: u32, name: &[u8], error: &io::Error) {
        self.note(NoteKind::Failed, folder, name, &error.to_string());
    }

    fn settle(&mut self, wanted: &Wanted, result: FileResult<'_>) {
        let path = || self.folders.path(wanted.folder, &wanted.name);
        self.observer.settled(&path, wanted.size, result);
        Outcome {
            file: wanted.file,
            result,
        }
        .pack(&mut self.outcomes);
    }

    fn push_acknowledgement(&mut self, out: &mut Vec<FromTarget>) {
        if self.taken != self.acknowledged || !self.outcomes.is_empty() {
            self.acknowledged = self.taken;
            self.observer.took(self.taken);
            out.push(FromTarget::Ack {
                taken: self.taken,
                outcomes: mem::take(&mut self.outcomes),
            });
        }
    }

    /// Once they are worth a message.
    fn push_many_notes(&mut self, out: &mut Vec<FromTarget>) {
        if self.notes.len() > 64 << 10 {
            self.push_notes(out);
        }
    }

    fn push_notes(&mut self, out: &mut Vec<FromTarget>) {
        if !self.notes.is_empty() {
            out.push(FromTarget::Note(mem::take(&mut self.notes)));
        }
    }
}

fn want(file: u32) -> Want {
    Want { file, digest: None }
}

/// The root, and whether it was there. A dry run makes nothing: the nearest directory stands in for one that is
/// missing, and nothing is looked up in it.
fn open_root(path: &Path, settings: Settings) -> io::Result<(Dir, DirState)> {
    match Dir::at(path) {
        Ok(dir) => Ok((dir, DirState::Old)),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) if settings.dry_run => Ok((Dir::at(Path::new("."))?, DirState::Imagined)),
        Err(_) => Ok((make_root(path, settings.fsync)?, DirState::New)),
    }
}
