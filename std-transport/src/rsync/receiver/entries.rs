//! What the receiver does for each listed entry: it requests, creates or skips it.

use super::content::{Wanted, digest_of};
use super::listing::{Current, Requests};
use super::{DirState, PendingLink, Receiver, want};
use crate::rsync::beneath::{Dir, Kind, Meta, Name, Pass, bytes_of, kept_mode, same_time};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{Entry, EntryKind, FileResult, NoteKind, ProtocolError, Want};

/// The reason for entries of a folder that is [`Lost`](DirState::Lost).
const NO_FOLDER: &str = "its folder could not be made or opened";

/// The reason for a destination in the source that the filter does not exclude.
const ITSELF: &str = "it is the destination and would be copied into itself; exclude it";

impl<O: Observer> Receiver<O> {
    pub(super) fn take_entry(
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
        let refusal = current.siblings.refusal(entry.name);
        let refusal = refusal.filter(|_| !matches!(entry.kind, EntryKind::Protected(_)));
        if let Some(reason) = refusal.filter(|_| wanted && !lost) {
            self.note(NoteKind::Failed, folder, entry.name.as_bytes(), reason);
        }
        let wanted = wanted && refusal.is_none();
        let taken = wanted && !lost;
        match entry.kind {
            EntryKind::File { mode, size, mtime } => {
                let listed = Meta::of_file(mode, size, mtime);
                // Checked even if the entry is not taken: numbers count all listed files, on both sides.
                self.next_file()?;
                if taken {
                    self.list_file(folder, entry.name, &listed, None, &mut requests.wants);
                }
                self.count_file()?;
            }
            EntryKind::HardLink {
                first,
                mode,
                size,
                mtime,
            } => {
                let listed = Meta::of_file(mode, size, mtime);
                let wants = &mut requests.wants;
                self.list_hard_link(folder, entry.name, &listed, first, taken, wants)?;
                self.count_file()?;
            }
            EntryKind::Folder { mode, mtime } => {
                let wanted = wanted && !self.is_itself(folder, entry.name);
                let number = self.list_folder(folder, dir, entry.name, (mode, mtime), wanted)?;
                // A source that lists by itself lists every folder. Otherwise a folder is requested if it is wanted,
                // even if it could not be created: the report names all entries in it.
                if wanted || !self.rules.asks {
                    current.folders.push(number);
                }
            }
            EntryKind::Link(target) if taken => {
                self.list_link(folder, entry.name, target.into());
            }
            EntryKind::LinkInside(path) if taken => {
                let target = self.inside(path)?;
                self.list_link(folder, entry.name, target);
            }
            EntryKind::Link(_) | EntryKind::LinkInside(_) | EntryKind::Protected(_) => {}
        }
        Ok(())
    }

    /// Whether a listed folder is the destination, which is reported: it would be copied into itself.
    fn is_itself(&mut self, folder: u32, name: Name<'_>) -> bool {
        let Some(itself) = &self.itself else {
            return false;
        };
        let found = self.folders.path(folder, name.as_bytes()) == *itself;
        if found {
            self.note(NoteKind::Failed, folder, name.as_bytes(), ITSELF);
        }
        found
    }

    /// The number of the next file.
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

    /// Requests the next file, unless it is here already. Returns whether it is.
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
        if self.is_blocked(folder, name) {
            return false;
        }
        request.pack(wants);
        let (name, size) = (name.as_bytes(), listed.size);
        self.observer.asked(size);
        if self.settings.dry_run {
            // The source sends nothing: this is the result.
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

    /// The request for a file, given the one that is here now; `None` if that is up to date.
    fn compare(&self, dir: &Dir, file: u32, name: Name<'_>, listed: &Meta) -> Option<Want> {
        // A file that cannot be examined is replaced. If that fails too, that error is reported.
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
        if !same_time(here.mtime, listed.mtime) {
            return Some(want(file));
        }
        let mode = kept_mode(self.settings.file_mode(listed.mode));
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
        // It cannot be opened to change its mode: it is replaced by a file with the right one.
        Some(want(file))
    }

    fn list_link(&mut self, folder: u32, name: Name<'_>, target: Box<[u8]>) {
        if self.is_blocked(folder, name) {
            return;
        }
        self.links.push(PendingLink {
            folder,
            name: name.as_bytes().into(),
            target,
        });
    }

    /// Turns a path from the source's root into an absolute path into this tree, for the text of a link. Nothing here
    /// opens it, but its parts are checked all the same, so that the link cannot lead out of the tree.
    fn inside(&self, path: &[u8]) -> Result<Box<[u8]>, ProtocolError> {
        let mut target = bytes_of(&self.place).into_owned();
        for part in path
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
        {
            target.push(b'/');
            target.extend_from_slice(Name::new(part).map_err(ProtocolError::Name)?.as_bytes());
        }
        Ok(target.into())
    }
}
