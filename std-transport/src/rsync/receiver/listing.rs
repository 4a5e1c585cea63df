use alloc::sync::Arc;
use core::cmp::Ordering;
use core::mem;
use std::io;

use super::content::{Wanted, digest_of};
use super::{DirState, FolderState, PendingLink, Receiver, want};
use crate::rsync::beneath::{Dir, Kind, Meta, Name, Pass};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{
    End, Entry, EntryKind, FileResult, FromTarget, NoteKind, ProtocolError, Section, Unpacker, Want,
};

/// A folder of which not all sections came yet.
#[derive(Debug)]
pub(super) struct Current {
    folder: u32,
    /// The name before: the next has to be greater, which also means that no name comes twice.
    last: Vec<u8>,
    /// All of them, where deletions are to be found.
    names: Vec<Box<[u8]>>,
    /// The folders in it that the source lists.
    folders: Vec<u32>,
}

/// What the entries of a list ask of the source.
#[derive(Debug, Default)]
struct Requests {
    wants: Vec<u8>,
    asks: Vec<u8>,
}

/// So many listings of deep folders are asked for ahead: enough for a link with a long way, and few enough that each
/// folder's parent is still held open when its own listing comes.
const ASKED: usize = 8;

/// So deep folders are asked for at once: the way to them is short, and most trees have no others.
const SHALLOW: u16 = 8;

/// Why nothing was made in a folder that is missing.
const NO_FOLDER: &str = "its folder could not be made or opened";

impl<O: Observer> Receiver<O> {
    pub(super) fn take_list(
        &mut self,
        sections: &[u8],
        out: &mut Vec<FromTarget>,
    ) -> Result<(), ProtocolError> {
        self.listed = self.listed.saturating_add(sections.len());
        if self.listed > self.rules.listing {
            return Err(ProtocolError::ListingSize);
        }
        let mut unpacker = Unpacker::new(sections);
        let mut requests = Requests::default();
        while !unpacker.is_empty() {
            let section = Section::unpack(&mut unpacker)?;
            self.take_section(section, &mut unpacker, &mut requests)?;
        }
        self.ask(&mut requests);
        if !requests.wants.is_empty() {
            out.push(FromTarget::Want(requests.wants));
        }
        if !requests.asks.is_empty() {
            out.push(FromTarget::Ask(requests.asks));
        }
        self.push_notes(out);
        Ok(())
    }

    fn take_section(
        &mut self,
        section: Section,
        unpacker: &mut Unpacker<'_>,
        requests: &mut Requests,
    ) -> Result<(), ProtocolError> {
        let mut current = self.enter(section.folder)?;
        let dir = self.open_listed(section.folder);
        for _ in 0..section.entries {
            let entry = Entry::unpack(unpacker)?;
            self.check(&mut current, &entry)?;
            self.take_entry(&mut current, dir.as_deref(), &entry, requests)?;
        }
        match section.end {
            End::NotYet => {
                self.current = Some(current);
                return Ok(());
            }
            End::Whole => self.find_deletions(&current, dir.as_deref()),
            End::CutOff => {
                let path = || self.folders.path(section.folder, b"");
                self.observer.cut_off(&path);
            }
        }
        self.leave(&current);
        Ok(())
    }

    /// What is in a folder comes before its neighbours, so that the way from one to the next is short.
    fn leave(&mut self, listed: &Current) {
        for &folder in listed.folders.iter().rev() {
            if self.rules.asks {
                self.to_ask.push(folder);
            } else {
                self.due.push_front(folder);
            }
        }
    }

    fn ask(&mut self, requests: &mut Requests) {
        while let Some(folder) = self.to_ask.pop() {
            if self.due.len() >= ASKED && self.folders.depth(folder) > SHALLOW {
                return self.to_ask.push(folder);
            }
            self.due.push_back(folder);
            requests.asks.extend_from_slice(&folder.to_be_bytes());
        }
    }

    /// Goes on with the folder whose listing has begun, or begins with the one that is due.
    fn enter(&mut self, folder: u32) -> Result<Current, ProtocolError> {
        if let Some(current) = self.current.take() {
            return if current.folder == folder {
                Ok(current)
            } else {
                Err(ProtocolError::Folder)
            };
        }
        if self.due.pop_front() != Some(folder) {
            return Err(ProtocolError::Folder);
        }
        Ok(Current {
            folder,
            last: Vec::new(),
            names: Vec::new(),
            folders: Vec::new(),
        })
    }

    /// The folder, if there is anything to do in it.
    fn open_listed(&mut self, folder: u32) -> Option<Arc<Dir>> {
        if !matches!(self.state(folder).presence, DirState::Old | DirState::New) {
            return None;
        }
        match self.folders.open(Pass::Listing, folder) {
            Ok(dir) => Some(dir),
            Err(error) => {
                self.lose(folder, &error);
                None
            }
        }
    }

    fn lose(&mut self, folder: u32, error: &io::Error) {
        let state = usize::try_from(folder)
            .ok()
            .and_then(|index| self.states.get_mut(index));
        if let Some(state) = state {
            state.presence = DirState::Lost;
        }
        self.failed(folder, b"", error);
    }

    fn check(&mut self, current: &mut Current, entry: &Entry<'_>) -> Result<(), ProtocolError> {
        let name = entry.name.as_bytes();
        if *name <= *current.last {
            return Err(ProtocolError::NameOrder);
        }
        self.entries += 1;
        if self.entries > self.rules.entries {
            return Err(ProtocolError::TooMany);
        }
        current.last.clear();
        current.last.extend_from_slice(name);
        if self.settings.delete {
            current.names.push(name.into());
        }
        Ok(())
    }

    fn take_entry(
        &mut self,
        current: &mut Current,
        dir: Option<&Dir>,
        entry: &Entry<'_>,
        requests: &mut Requests,
    ) -> Result<(), ProtocolError> {
        let folder = current.folder;
        let lost = self.state(folder).presence == DirState::Lost;
        let path = || self.folders.path(folder, entry.name.as_bytes());
        let depth = self.folders.depth(folder);
        let wanted = self.observer.takes_listed(&path, depth, entry);
        if lost && wanted && !matches!(entry.kind, EntryKind::Protected(_)) {
            self.note(NoteKind::Failed, folder, entry.name.as_bytes(), NO_FOLDER);
        }
        let taken = wanted && !lost;
        match entry.kind {
            EntryKind::File { mode, size, mtime } => {
                let meta = Meta {
                    kind: Kind::File,
                    mode,
                    size,
                    mtime,
                };
                let _ = self.next_file()?;
                if taken {
                    self.list_file(folder, entry.name, &meta, None, &mut requests.wants);
                }
                self.count_file()?;
            }
            EntryKind::HardLink {
                first,
                mode,
                size,
                mtime,
            } => {
                let meta = Meta {
                    kind: Kind::File,
                    mode,
                    size,
                    mtime,
                };
                let wants = &mut requests.wants;
                self.list_hard_link(folder, entry.name, &meta, first, taken, wants)?;
                self.count_file()?;
            }
            EntryKind::Folder { mode, mtime } => {
                let state = FolderState {
                    presence: DirState::Lost,
                    mode,
                    mtime,
                };
                let number = self.list_folder(folder, dir, entry.name, state, wanted)?;
                // A source that lists by itself lists every folder; one that is asked lists what it is asked for. That is
                // asked of a folder that could not be made, too: what is in it is to be named.
                if wanted || !self.rules.asks {
                    current.folders.push(number);
                }
            }
            EntryKind::Link(target) if taken => self.list_link(folder, entry.name, target.into()),
            EntryKind::LinkInside(path) if taken => {
                let target = self.inside(path)?;
                self.list_link(folder, entry.name, target);
            }
            EntryKind::Link(_) | EntryKind::LinkInside(_) | EntryKind::Protected(_) => {}
        }
        Ok(())
    }

    pub(super) fn next_file(&self) -> Result<u32, ProtocolError> {
        if self.files == u32::MAX {
            Err(ProtocolError::ListingSize)
        } else {
            Ok(self.files)
        }
    }

    fn count_file(&mut self) -> Result<(), ProtocolError> {
        self.files = self.next_file()?.saturating_add(1);
        Ok(())
    }

    /// Asks for the file whose number is the next one, unless it is here already. Returns whether it is.
    pub(super) fn list_file(
        &mut self,
        folder: u32,
        name: Name<'_>,
        listed: &Meta,
        group: Option<u32>,
        wants: &mut Vec<u8>,
    ) -> bool {
        let file = self.files;
        let request = match self.state(folder).presence {
            DirState::New | DirState::Imagined => Some(want(file)),
            _ => match self.folders.open(Pass::Listing, folder) {
                Ok(dir) => self.compare(&dir, file, name, listed),
                Err(error) => {
                    self.failed(folder, name.as_bytes(), &error);
                    return false;
                }
            },
        };
        let Some(request) = request else {
            self.observer.had();
            return true;
        };
        request.pack(wants);
        let (name, size) = (name.as_bytes(), listed.size);
        self.observer.asked(size);
        if self.settings.dry_run {
            // Nothing will come; the request is all there is to tell.
            let path = || self.folders.path(folder, name);
            self.observer.settled(&path, size, FileResult::Written);
        } else {
            self.wanted.push_back(Wanted {
                file,
                folder,
                name: name.into(),
                size,
                group,
            });
        }
        false
    }

    /// What to ask for, given what is here now.
    fn compare(&self, dir: &Dir, file: u32, name: Name<'_>, listed: &Meta) -> Option<Want> {
        // A file that cannot be looked at is one to be replaced; if that fails too, then it is said.
        let here = dir
            .meta_of(name)
            .ok()
            .flatten()
            .filter(|here| here.kind == Kind::File);
        let Some(here) = here.filter(|here| here.size == listed.size) else {
            return Some(want(file));
        };
        if self.settings.checksum {
            return Some(Want {
                file,
                digest: digest_of(dir, name).ok(),
            });
        }
        if here.mtime != listed.mtime {
            return Some(want(file));
        }
        let mode = self.settings.file_mode(listed.mode);
        if here.mode == mode {
            return None;
        }
        if self.settings.dry_run
            || dir
                .set_file(name, mode, listed.mtime, self.settings.fsync)
                .is_ok()
        {
            return None;
        }
        // Its mode cannot be changed by opening it: another file in its place can have any.
        Some(want(file))
    }

    fn list_folder(
        &mut self,
        parent: u32,
        dir: Option<&Dir>,
        name: Name<'_>,
        mut state: FolderState,
        wanted: bool,
    ) -> Result<u32, ProtocolError> {
        let number = self
            .folders
            .add(parent, name)
            .ok_or(ProtocolError::TooDeep)?;
        if wanted {
            state.presence = self.presence(parent, dir, name);
        }
        self.states.push(state);
        Ok(number)
    }

    /// What there is of a folder in the end: it is made where it is missing.
    fn presence(&mut self, parent: u32, dir: Option<&Dir>, name: Name<'_>) -> DirState {
        if self.state(parent).presence == DirState::Lost {
            return DirState::Lost;
        }
        match (dir, self.settings.dry_run) {
            (None, _) => DirState::Imagined,
            (Some(dir), true) => imagine(dir, name),
            (Some(dir), false) => provide(dir, name).unwrap_or_else(|error| {
                self.failed(parent, name.as_bytes(), &error);
                DirState::Lost
            }),
        }
    }

    fn list_link(&mut self, folder: u32, name: Name<'_>, target: Box<[u8]>) {
        self.links.push(PendingLink {
            folder,
            name: name.as_bytes().into(),
            target,
        });
    }

    /// A path from the source's root, as one of this tree. It is text of a link and opened by nobody here; it
    /// names something in the tree all the same.
    fn inside(&self, path: &[u8]) -> Result<Box<[u8]>, ProtocolError> {
        use std::os::unix::ffi::OsStrExt as _;
        let mut target = self.place.as_os_str().as_bytes().to_vec();
        for part in path
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
        {
            target.push(b'/');
            target.extend_from_slice(Name::new(part).map_err(ProtocolError::Name)?.as_bytes());
        }
        Ok(target.into())
    }

    /// What is here and was not listed. Both lists are in order.
    fn find_deletions(&mut self, listed: &Current, dir: Option<&Dir>) {
        let old = self.state(listed.folder).presence == DirState::Old;
        let Some(dir) = dir.filter(|_| self.settings.delete && old) else {
            return;
        };
        let here = match dir.list() {
            Ok(here) => here,
            Err(error) => return self.failed(listed.folder, b"", &error),
        };
        let mut names = listed.names.iter().map(|name| &**name).peekable();
        for (name, _) in here {
            while names
                .next_if(|listed| (**listed).cmp(&*name) == Ordering::Less)
                .is_some()
            {}
            if names.peek() != Some(&&*name) {
                self.deletions.push((listed.folder, name));
            }
        }
    }

    pub(super) fn take_deletions(&mut self) -> Vec<(u32, Box<[u8]>)> {
        mem::take(&mut self.deletions)
    }
}

/// A folder of that name, made where there is none. What is no folder makes way.
fn provide(dir: &Dir, name: Name<'_>) -> io::Result<DirState> {
    match dir.meta_of(name)? {
        Some(meta) if meta.kind == Kind::Directory => {
            // Without these there is nothing to be done in it. They are what is set in the end, too.
            if meta.mode & 0o700 != 0o700 {
                dir.open_dir(name)?
                    .set((meta.mode & 0o777) | 0o700, meta.mtime)?;
            }
            return Ok(DirState::Old);
        }
        Some(_) => dir.remove(name)?,
        None => {}
    }
    dir.make_dir(name)?;
    Ok(DirState::New)
}

fn imagine(dir: &Dir, name: Name<'_>) -> DirState {
    match dir.meta_of(name) {
        Ok(Some(meta)) if meta.kind == Kind::Directory => DirState::Old,
        _ => DirState::Imagined,
    }
}
