//! The listing of a source.

use alloc::sync::Arc;
use core::mem;
use std::collections::HashMap;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::beneath::{Dir, Identity, Kind, Meta, Name, ROOT};
use super::file_index::FileIndex;
use super::observer::{LeftOut, Observer};
use super::protocol::{End, Entry, EntryKind, MAX_LINK, Section};
use super::report::path_of;

/// What becomes of links that lead out of the tree. Links within it are made as they are.
///
/// Whether a link leads out is judged by its text: an absolute path leads out, so do more `..` at the beginning than there
/// are folders above the link, and any `..` behind a name (`name/../other`), as the name may itself be that of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Links {
    /// They are made as they are. What they point to is up to the other host.
    #[default]
    Keep,
    /// They are not made, and reported as failed.
    Refuse,
    /// The file that they point to is sent in their place; where it is no regular file, that is reported as failed.
    Copy,
}

/// A source that is being listed.
pub(crate) struct Walk<O> {
    observer: O,
    index: Arc<FileIndex>,
    links: Links,
    /// The tree's own absolute paths, as given and without links.
    places: Vec<PathBuf>,
    root: Meta,
    /// Folders that are still to be listed, the next one last.
    due: Vec<u32>,
    /// The number of each file with several names, where these are to be kept.
    linked: Option<HashMap<Identity, u32>>,
    batch: Vec<u8>,
}

/// Why pipes, sockets and devices are skipped.
pub(crate) const NOT_SENT: &str = "not a file, directory or link";

/// So many bytes of listing make a message.
const BATCH: usize = 48 << 10;

impl<O: Observer> Walk<O> {
    /// Opens the tree at `path`, or the single file.
    ///
    /// # Errors
    /// There is neither.
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
        let due = match root.kind {
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
            due,
            linked: None,
            batch: Vec::new(),
        })
    }

    /// The same, where files that have several names are listed as such.
    pub(crate) fn with_hard_links(mut self, keep: bool) -> Self {
        self.linked = keep.then(HashMap::new);
        self
    }

    /// What the root is.
    pub(crate) const fn root(&self) -> &Meta {
        &self.root
    }

    pub(crate) const fn index(&self) -> &Arc<FileIndex> {
        &self.index
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
    }

    /// Lists the whole tree, in messages of a fair size.
    pub(crate) fn list_all(&mut self, emit: &mut dyn FnMut(Vec<u8>)) {
        while self.list_next(emit) {}
    }

    /// Lists the tree depth first, as far as it takes to emit something. Returns whether there is more to list.
    pub(crate) fn list_next(&mut self, emit: &mut dyn FnMut(Vec<u8>)) -> bool {
        let mut emitted = false;
        while !emitted && let Some(folder) = self.due.pop() {
            let first = self.index.end_of_folders();
            self.list(folder, &mut |sections| {
                emitted = true;
                emit(sections);
            });
            self.due.extend((first..self.index.end_of_folders()).rev());
        }
        if self.due.is_empty() {
            self.flush(emit);
        }
        !self.due.is_empty()
    }

    /// Lists one folder. What does not fill a message waits for [`flush`](Self::flush).
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

    /// Emits what waits.
    pub(crate) fn flush(&mut self, emit: &mut dyn FnMut(Vec<u8>)) {
        if !self.batch.is_empty() {
            emit(mem::take(&mut self.batch));
        }
    }

    /// Whether an entry was packed.
    fn list_name(&mut self, folder: u32, dir: &Dir, bytes: &[u8]) -> bool {
        let name = match Name::new(bytes) {
            Ok(name) => name,
            Err(error) => {
                self.leave_out(folder, bytes, LeftOut::Failed(io::Error::other(error)));
                return false;
            }
        };
        let meta = match dir.meta_of(name) {
            Ok(Some(meta)) => meta,
            // It went while we looked: it is not there.
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

    /// If the file has several names, the number that it was listed with first: the next one, where it was not yet.
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

    fn list_link(&mut self, folder: u32, dir: &Dir, name: Name<'_>, target: &[u8]) {
        if target.len() > MAX_LINK {
            return self.fail(
                folder,
                name,
                io::Error::other("a link with too long a text"),
            );
        }
        if let Some(path) = self.inside(target) {
            return Entry {
                name,
                kind: EntryKind::LinkInside(&path),
            }
            .pack(&mut self.batch);
        }
        match self.links {
            Links::Refuse if escapes_root(self.index.depth(folder), target) => {
                self.fail(
                    folder,
                    name,
                    io::Error::other("a link that leads out of the tree"),
                );
            }
            Links::Copy if escapes_root(self.index.depth(folder), target) => {
                match dir.open_followed(name) {
                    Ok((_, meta)) => self.list_file(folder, name, &meta, true, None),
                    Err(error) => self.fail(folder, name, error),
                }
            }
            _ => Entry {
                name,
                kind: EntryKind::Link(target),
            }
            .pack(&mut self.batch),
        }
    }

    /// The path from the root, of an absolute one into this tree.
    fn inside(&self, target: &[u8]) -> Option<Vec<u8>> {
        let target = Path::new(std::ffi::OsStr::from_bytes(target));
        let plain = target.is_absolute()
            && target
                .components()
                .all(|part| !matches!(part, std::path::Component::ParentDir));
        let within = self
            .places
            .iter()
            .filter(|_| plain)
            .find_map(|place| target.strip_prefix(place).ok());
        within.map(joined_names)
    }

    fn fail(&mut self, folder: u32, name: Name<'_>, error: io::Error) {
        self.keep(name, error.to_string().as_bytes());
        self.leave_out(folder, name.as_bytes(), LeftOut::Failed(error));
    }

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

/// A section whose header is written when its entries are counted.
struct OpenSection {
    folder: u32,
    entries: u32,
    start: usize,
}

impl OpenSection {
    fn begin(folder: u32, batch: &mut Vec<u8>) -> Self {
        let start = batch.len();
        batch.extend_from_slice(&[0; Section::SIZE]);
        Self {
            folder,
            entries: 0,
            start,
        }
    }

    fn end(&self, end: End, batch: &mut [u8]) {
        let header = Section {
            folder: self.folder,
            entries: self.entries,
            end,
        }
        .pack();
        let place = batch
            .get_mut(self.start..)
            .and_then(|rest| rest.first_chunk_mut());
        if let Some(place) = place {
            *place = header;
        }
    }
}

/// Whether a link leads out of the tree, judged by its text and by how many components its folder lies below the root.
///
/// Absolute paths do, and those with more `..` at their beginning than there are folders above. So does every `..` behind
/// a name: the name can be that of a link, and then `..` is the parent of wherever that link leads, which no text tells.
pub(crate) fn escapes_root(depth: u16, target: &[u8]) -> bool {
    if target.first() == Some(&b'/') {
        return true;
    }
    let mut above = depth;
    let mut named = false;
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if named || above == 0 => return true,
            b".." => above -= 1,
            _ => named = true,
        }
    }
    false
}

/// The names of a path, without the `.` and empty parts between them: the target takes nothing but names.
fn joined_names(path: &Path) -> Vec<u8> {
    let names: Vec<&[u8]> = path
        .components()
        .map(|part| part.as_os_str().as_bytes())
        .filter(|part| part != b".")
        .collect();
    names.join(&b'/')
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
    Name::new(name.as_bytes()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::escapes_root;

    #[test]
    fn a_link_leaves_the_tree_by_an_absolute_path_above_the_root_or_by_a_parent_behind_a_name() {
        for (depth, target, expected) in [
            (0, &b"a"[..], false),
            (0, b"/a", true),
            (0, b"..", true),
            (0, b"a/b/", false),
            (0, b"a/..", true),
            (0, b"a/../b", true),
            (0, b"a/../..", true),
            (1, b"..", false),
            (1, b"../a", false),
            (1, b"../a/..", true),
            (1, b"..//./a/./b", false),
            (2, b"./..//.././a", false),
            (1, b"../../a", true),
            (2, b".././../x", false),
            (0, b"./..x", false),
            (0, b"", false),
        ] {
            assert_eq!(escapes_root(depth, target), expected, "{depth} {target:?}");
        }
    }
}
