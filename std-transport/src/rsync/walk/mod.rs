//! The listing of a source.

mod links;
mod section;

use alloc::sync::Arc;
use core::mem;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

pub use links::Links;
pub(crate) use links::escapes_root;

use super::beneath::{Dir, Identity, Kind, Meta, Name, ROOT};
use super::file_index::FileIndex;
use super::observer::{LeftOut, Observer};
use super::origin::Origin;
use super::protocol::{End, Entry, EntryKind, Section};
use super::report::path_of;
use section::OpenSection;

/// A source that is being listed.
pub(crate) struct Walk<O> {
    observer: O,
    index: Arc<FileIndex>,
    links: Links,
    /// The absolute paths of the tree: as given, and with links resolved.
    places: Vec<PathBuf>,
    root: Meta,
    /// Folders that are still to be listed, the next one last.
    unlisted: Vec<u32>,
    /// The number of each file with several names; `None` if hard links are not kept.
    linked: Option<HashMap<Identity, u32>>,
    /// The part of the listing that has not been emitted.
    batch: Vec<u8>,
}

/// Why pipes, sockets and devices are skipped.
pub(crate) const NOT_SENT: &str = "not a file, directory or link";

/// A message is emitted when the listing is this many bytes.
const BATCH: usize = 48 << 10;

impl<O: Observer> Walk<O> {
    /// Opens a tree or a single file.
    ///
    /// # Errors
    /// It does not exist or cannot be opened.
    pub(crate) fn open(path: &Path, links: Links, observer: O) -> io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        let (dir, root) = if meta.is_dir() {
            let dir = Dir::at(path)?;
            let root = dir.meta()?;
            (dir, root)
        } else {
            single_file(path)?
        };
        let index = Arc::new(FileIndex::new(Arc::new(dir)));
        if root.kind == Kind::File {
            let real = path.canonicalize()?;
            let name = file_name(&real)?;
            index.add_file(ROOT, name, root.size, false);
        }
        let unlisted = match root.kind {
            Kind::Directory => vec![ROOT],
            _ => Vec::new(),
        };
        let places = vec![std::path::absolute(path)?, path.canonicalize()?];
        Ok(Self {
            observer,
            index,
            links,
            places,
            root,
            unlisted,
            linked: None,
            batch: Vec::new(),
        })
    }

    /// Whether to list files with several names as such.
    pub(crate) fn with_hard_links(mut self, keep: bool) -> Self {
        self.linked = keep.then(HashMap::new);
        self
    }

    /// The metadata of the root.
    pub(crate) const fn root(&self) -> &Meta {
        &self.root
    }

    /// The location of the tree, which is at this path; `None` for a single file.
    ///
    /// # Errors
    /// It has been removed, or a directory above it cannot be examined.
    pub(crate) fn origin(&self, path: &Path, deletes: bool) -> io::Result<Option<Origin>> {
        let is_directory = self.root.kind == Kind::Directory;
        is_directory.then(|| Origin::of(path, deletes)).transpose()
    }

    pub(crate) const fn index(&self) -> &Arc<FileIndex> {
        &self.index
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
    }

    /// Lists the whole tree.
    pub(crate) fn list_all(&mut self, emit: &mut dyn FnMut(Vec<u8>)) {
        while self.list_next(emit) {}
    }

    /// Lists the tree depth first until a message is emitted. Returns whether there is more to list.
    pub(crate) fn list_next(&mut self, emit: &mut dyn FnMut(Vec<u8>)) -> bool {
        let mut emitted = false;
        while !emitted && let Some(folder) = self.unlisted.pop() {
            let first = self.index.end_of_folders();
            self.list(folder, &mut |sections| {
                emitted = true;
                emit(sections);
            });
            let added = first..self.index.end_of_folders();
            // Reversed, as the last is listed next: depth first, in the order of the names, which is the order that the
            // target expects.
            self.unlisted.extend(added.rev());
        }
        if self.unlisted.is_empty() {
            self.flush(emit);
        }
        !self.unlisted.is_empty()
    }

    /// Lists one folder. A part that does not fill a message is kept for [`flush`](Self::flush).
    pub(crate) fn list(&mut self, folder: u32, emit: &mut dyn FnMut(Vec<u8>)) {
        let listed = self
            .index
            .open_folder(folder)
            .and_then(|dir| Ok((dir.list()?, dir)));
        let (names, dir) = match listed {
            Ok(listed) => listed,
            Err(error) => {
                let path = self.index.path(folder, b"");
                self.observer.left_out(path, LeftOut::Failed(error));
                let section = Section {
                    folder,
                    entries: 0,
                    end: End::CutOff,
                };
                return self.batch.extend_from_slice(&section.pack());
            }
        };
        let mut open = OpenSection::begin(folder, &mut self.batch);
        for (name, _) in names {
            let packed = self.list_name(folder, &dir, &name);
            open.entries += u32::from(packed);
            if self.batch.len() > BATCH {
                open.end(End::NotYet, &mut self.batch);
                self.flush(emit);
                open = OpenSection::begin(folder, &mut self.batch);
            }
        }
        open.end(End::Whole, &mut self.batch);
    }

    /// Emits the part of the listing that has not been emitted.
    pub(crate) fn flush(&mut self, emit: &mut dyn FnMut(Vec<u8>)) {
        if !self.batch.is_empty() {
            emit(mem::take(&mut self.batch));
        }
    }

    /// Lists one name. Returns whether an entry was packed.
    fn list_name(&mut self, folder: u32, dir: &Dir, bytes: &[u8]) -> bool {
        let name = match Name::new(bytes) {
            Ok(name) => name,
            Err(error) => {
                self.leave_out(folder, bytes, LeftOut::Failed(io::Error::other(error)));
                return false;
            }
        };
        // The kind that the directory records is not enough: mode, size and time are listed too.
        let meta = match dir.meta_of(name) {
            Ok(Some(meta)) => meta,
            // It was removed after the directory was read.
            Ok(None) => return false,
            Err(error) => {
                self.fail(folder, name, error);
                return true;
            }
        };
        self.list_entry(folder, dir, name, &meta);
        true
    }

    fn list_entry(&mut self, folder: u32, dir: &Dir, name: Name<'_>, meta: &Meta) {
        if !self.observer.takes_all()
            && !self
                .observer
                .takes(&self.path(folder, name.as_bytes()), meta)
        {
            return self.keep(name, b"");
        }
        let Meta { mode, mtime, .. } = *meta;
        match meta.kind {
            Kind::File => match self.first_of(dir, name) {
                Ok(first) => self.list_file(folder, name, meta, false, first),
                Err(error) => self.fail(folder, name, error),
            },
            Kind::Directory => match self.index.add_folder(folder, name) {
                Some(_) => Entry {
                    name,
                    kind: EntryKind::Folder { mode, mtime },
                }
                .pack(&mut self.batch),
                None => self.fail(
                    folder,
                    name,
                    io::Error::other("too many folders inside one another"),
                ),
            },
            Kind::Link => match dir.read_link(name) {
                Ok(target) => self.list_link(folder, dir, name, &target),
                Err(error) => self.fail(folder, name, error),
            },
            Kind::Special => {
                let reason = LeftOut::Skipped(NOT_SENT);
                self.leave_out(folder, name.as_bytes(), reason);
                self.keep(name, b"");
            }
        }
    }

    /// The number with which a file with several names was listed first, or the next number; `None` for other files.
    fn first_of(&mut self, dir: &Dir, name: Name<'_>) -> io::Result<Option<u32>> {
        let Some(linked) = &mut self.linked else {
            return Ok(None);
        };
        let names = dir.file_names(name)?.filter(|(_, names)| *names > 1);
        let next = u32::try_from(self.index.files()).unwrap_or(u32::MAX);
        Ok(names.map(|(identity, _)| *linked.entry(identity).or_insert(next)))
    }

    fn list_file(
        &mut self,
        folder: u32,
        name: Name<'_>,
        meta: &Meta,
        followed: bool,
        first: Option<u32>,
    ) {
        let Meta {
            mode, size, mtime, ..
        } = *meta;
        if self.index.add_file(folder, name, size, followed) {
            let kind = match first {
                None => EntryKind::File { mode, size, mtime },
                Some(first) => EntryKind::HardLink {
                    first,
                    mode,
                    size,
                    mtime,
                },
            };
            Entry { name, kind }.pack(&mut self.batch);
        } else {
            self.fail(
                folder,
                name,
                io::Error::other("more files than can be numbered"),
            );
        }
    }

    /// Reports an entry that cannot be listed. The target keeps its own entry of that name.
    fn fail(&mut self, folder: u32, name: Name<'_>, error: io::Error) {
        self.keep(name, error.to_string().as_bytes());
        self.leave_out(folder, name.as_bytes(), LeftOut::Failed(error));
    }

    /// Makes the target keep its own entry of that name.
    fn keep(&mut self, name: Name<'_>, reason: &[u8]) {
        let kind = EntryKind::Protected(reason);
        Entry { name, kind }.pack(&mut self.batch);
    }

    fn leave_out(&mut self, folder: u32, name: &[u8], reason: LeftOut) {
        self.observer
            .left_out(self.index.path(folder, name), reason);
    }

    fn path(&self, folder: u32, name: &[u8]) -> PathBuf {
        path_of(self.index.path(folder, name))
    }
}

fn single_file(path: &Path) -> io::Result<(Dir, Meta)> {
    let real = path.canonicalize()?;
    let parent = real.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let dir = Dir::at(parent)?;
    let (_, meta) = dir.open_file(file_name(&real)?)?;
    Ok((dir, meta))
}

fn file_name(path: &Path) -> io::Result<Name<'_>> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Name::new(name.as_encoded_bytes()).map_err(io::Error::other)
}
