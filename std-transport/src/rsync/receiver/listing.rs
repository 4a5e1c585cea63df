//! The sections of the listing: their order, and which folders the source lists next.

use core::cmp::Ordering;

use super::{DirState, Receiver};
use crate::rsync::beneath::{Dir, Siblings};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{End, Entry, FromTarget, ProtocolError, Section, Unpacker};

/// A folder whose sections are not complete yet.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) folder: u32,
    /// The previous name. Names must ascend, so that none can occur twice.
    last: Vec<u8>,
    /// All names, if deletions are to be found.
    names: Vec<Box<[u8]>>,
    /// The same, for what the system takes for the same name.
    pub(super) siblings: Siblings,
    /// The folders in it that the source will list.
    pub(super) folders: Vec<u32>,
}

/// Packed requests to the source.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) wants: Vec<u8>,
    asks: Vec<u8>,
}

/// Maximum number of deep folders that are requested ahead: enough for a link with a long round trip, and few enough
/// that the parent of each is still held open when its listing comes.
const MAX_AHEAD: usize = 8;

/// Folders up to this depth are requested without that limit: opening them again is cheap, and most trees have no
/// deeper ones.
const SHALLOW: u16 = 8;

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
            // Nothing is deleted here: an entry that is missing in the listing may exist at the source.
            End::CutOff => {
                let path = || self.folders.path(section.folder, b"");
                self.observer.cut_off(&path);
            }
        }
        self.leave(&current);
        Ok(())
    }

    /// Schedules the folders in a listed one, depth first: consecutive listings are then close to each other in the
    /// tree, and few directories must be opened between them.
    fn leave(&mut self, listed: &Current) {
        for &folder in listed.folders.iter().rev() {
            if self.rules.asks {
                self.to_ask.push(folder);
            } else {
                self.expected.push_front(folder);
            }
        }
    }

    /// Requests the listings of as many folders as may be requested ahead.
    fn ask(&mut self, requests: &mut Requests) {
        while let Some(folder) = self.to_ask.pop() {
            if self.expected.len() >= MAX_AHEAD && self.folders.depth(folder) > SHALLOW {
                return self.to_ask.push(folder);
            }
            self.expected.push_back(folder);
            requests.asks.extend_from_slice(&folder.to_be_bytes());
        }
    }

    /// The state of the folder whose listing continues or begins.
    fn enter(&mut self, folder: u32) -> Result<Current, ProtocolError> {
        // No other folder may begin in between: the names of one folder at a time are kept.
        if let Some(current) = self.current.take() {
            return if current.folder == folder {
                Ok(current)
            } else {
                Err(ProtocolError::Folder)
            };
        }
        if self.expected.pop_front() != Some(folder) {
            return Err(ProtocolError::Folder);
        }
        Ok(Current {
            folder,
            last: Vec::new(),
            names: Vec::new(),
            siblings: Siblings::default(),
            folders: Vec::new(),
        })
    }

    /// Checks the order of names and the number of entries.
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

    /// Finds entries of the directory that were not listed. Both lists are sorted. They are deleted at the end only:
    /// if the sync fails before, nothing is lost.
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
            if names.peek() != Some(&&*name) && !listed.siblings.has(&name) {
                self.deletions.push((listed.folder, name));
            }
        }
    }
}
