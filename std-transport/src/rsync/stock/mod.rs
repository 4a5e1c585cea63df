//! The target of stock execnet's rsync, so that its `RSync` can sync into a Rust worker.
//!
//! docs/rsync-protocol.md describes the protocol. It has no reports: the first error ends the sync.

mod items;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use execnet_serializer::Value;
use md5::{Digest as _, Md5};

use items::{File, Listed, Send, Text, nanoseconds, read_start, text};

use super::beneath::{
    Dir, Folders, IN_THE_WAY, Kind, Meta, Name, Pass, ROOT, Temporary, bytes_of, kept_mode,
    make_root, parent,
};
use super::protocol::{MAX_LINK, ProtocolError};
use super::receiver::Rules;
use super::report::path_of;
use super::sync_channel::{SyncChannel, SyncErrorKind};

/// Serves one sync.
///
/// # Errors
/// The tree cannot be opened or written, or the other side is gone or violates the protocol.
pub(crate) fn serve(channel: &impl SyncChannel) -> Result<(), SyncErrorKind> {
    serve_within(channel, Rules::default())
}

/// The same with other limits.
pub(crate) fn serve_within(channel: &impl SyncChannel, rules: Rules) -> Result<(), SyncErrorKind> {
    let (place, delete) = read_start(channel.receive(None)?)?;
    let mut stock = match Listed::try_from(channel.receive(None)?)? {
        Listed::Folder { mode, names } => {
            let mut stock = Stock::open(channel, rules, place.clone(), &place, delete)?;
            stock.modes.push((ROOT, mode));
            stock.take_tree(names)?;
            stock
        }
        Listed::File(file) => {
            let mut stock = Stock::open(channel, rules, place.clone(), parent(&place), false)?;
            let name = place
                .file_name()
                .ok_or(ProtocolError::Message)?
                .as_encoded_bytes();
            stock.take_file(
                ROOT,
                Name::new(name).map_err(ProtocolError::Name)?,
                &file,
                true,
            )?;
            stock
        }
        Listed::Link => return Err(ProtocolError::Message.into()),
    };
    channel.send(("list_done", ()))?;
    stock.take_contents()?;
    channel.send(("links", ()))?;
    stock.take_links()?;
    stock.finish()?;
    channel.send(("done", ()))
}

struct Stock<'a, P> {
    channel: &'a P,
    rules: Rules,
    folders: Folders,
    /// The absolute path of the tree, for links into it.
    place: PathBuf,
    delete: bool,
    entries: u64,
    requests: Vec<Request>,
    deletions: Vec<(u32, Vec<u8>)>,
    modes: Vec<(u32, u16)>,
}

struct Request {
    folder: u32,
    name: Vec<u8>,
    /// The path from the root, in the source's own bytes; empty for a single file.
    path: Vec<u8>,
    mode: u16,
    mtime: i64,
}

/// A folder whose entries are being received.
struct Level {
    folder: u32,
    names: vec::IntoIter<Vec<u8>>,
}

impl<'a, P: SyncChannel> Stock<'a, P> {
    fn open(
        channel: &'a P,
        rules: Rules,
        place: PathBuf,
        root: &Path,
        delete: bool,
    ) -> Result<Self, SyncErrorKind> {
        let absolute = std::path::absolute(&place);
        let opened = make_root(root, false).and_then(|root| Ok((root, absolute?)));
        let (root, place) = opened.map_err(|error| SyncErrorKind::Destination(place, error))?;
        Ok(Self {
            channel,
            rules,
            folders: Folders::new(Arc::new(root)),
            place,
            delete,
            entries: 0,
            requests: Vec::new(),
            deletions: Vec::new(),
            modes: Vec::new(),
        })
    }

    /// Turns an error in the tree into an error of the sync.
    fn done<T>(&self, folder: u32, name: &[u8], result: io::Result<T>) -> Result<T, SyncErrorKind> {
        result.map_err(|error| {
            let path = self.folders.path(folder, name);
            SyncErrorKind::Destination(path_of(path), error)
        })
    }

    /// Receives the entries: depth first, those of a folder in the order of the names that came with it.
    fn take_tree(&mut self, names: Vec<Vec<u8>>) -> Result<(), SyncErrorKind> {
        let mut levels = vec![self.enter(ROOT, names)?];
        while let Some(level) = levels.last_mut() {
            let Some(bytes) = level.names.next() else {
                levels.pop();
                continue;
            };
            let folder = level.folder;
            let name = Name::new(&bytes).map_err(ProtocolError::Name)?;
            match Listed::try_from(self.channel.receive(None)?)? {
                Listed::Folder { mode, names } => {
                    let number = self.make_folder(folder, name)?;
                    self.modes.push((number, mode));
                    levels.push(self.enter(number, names)?);
                }
                Listed::File(file) => self.take_file(folder, name, &file, false)?,
                Listed::Link => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, folder: u32, names: Vec<Vec<u8>>) -> Result<Level, SyncErrorKind> {
        self.entries += u64::try_from(names.len()).unwrap_or(u64::MAX);
        if self.entries > self.rules.entries {
            return Err(ProtocolError::TooMany.into());
        }
        let listed: BTreeSet<&[u8]> = names.iter().map(Vec::as_slice).collect();
        if listed.len() != names.len() {
            return Err(ProtocolError::NameOrder.into());
        }
        if self.delete {
            let here = self
                .folders
                .open(Pass::Listing, folder)
                .and_then(|dir| dir.list());
            let here = self.done(folder, b"", here)?;
            let extra = here
                .into_iter()
                .filter(|(name, _)| !listed.contains(&**name));
            self.deletions
                .extend(extra.map(|(name, _)| (folder, name.into_vec())));
        }
        Ok(Level {
            folder,
            names: names.into_iter(),
        })
    }

    fn make_folder(&mut self, parent: u32, name: Name<'_>) -> Result<u32, SyncErrorKind> {
        let number = self
            .folders
            .add(parent, name)
            .ok_or(ProtocolError::TooDeep)?;
        let made = self
            .folders
            .open(Pass::Listing, parent)
            .and_then(|dir| dir.provide_dir(name));
        self.done(parent, name.as_bytes(), made)?;
        Ok(number)
    }

    fn take_file(
        &mut self,
        folder: u32,
        name: Name<'_>,
        file: &File,
        single: bool,
    ) -> Result<(), SyncErrorKind> {
        // It was removed while it was listed: the entry here stays.
        let Some(mode) = file.mode else { return Ok(()) };
        let dir = self.folders.open(Pass::Listing, folder);
        let dir = self.done(folder, b"", dir)?;
        let mtime = nanoseconds(file.mtime);
        // Before the content is requested, which would be sent in vain.
        if !self.delete && dir.is_full_directory(name).unwrap_or(false) {
            return self.done(folder, name.as_bytes(), Err(io::Error::other(IN_THE_WAY)));
        }
        let here = dir.meta_of(name).ok().flatten();
        let here = here.filter(|here| here.kind == Kind::File && here.size == file.size);
        let mut digest = None;
        if let Some(here) = here {
            if is_same_time(&here, mtime) {
                let kept = if here.mode == kept_mode(mode) {
                    Ok(())
                } else {
                    dir.set_file(name, mode, mtime, false)
                };
                return self.done(folder, name.as_bytes(), kept);
            }
            digest = digest_of(&dir, name).ok();
        }
        let path = if single {
            Vec::new()
        } else {
            self.folders.path(folder, name.as_bytes())
        };
        self.channel.send(Send {
            path: &path,
            digest,
        })?;
        let name = name.as_bytes().to_vec();
        self.requests.push(Request {
            folder,
            name,
            path,
            mode,
            mtime,
        });
        Ok(())
    }

    /// Receives contents, in the order of the requests: `None` if the digests are equal, or if the file cannot be read.
    fn take_contents(&mut self) -> Result<(), SyncErrorKind> {
        for request in core::mem::take(&mut self.requests) {
            let content = match self.channel.receive(None)? {
                Value::None => None,
                Value::Bytes(content) => Some(content),
                _ => return Err(ProtocolError::Message.into()),
            };
            self.channel.send(("ack", Text(&request.path)))?;
            let written = self.write(&request, content.as_deref());
            self.done(request.folder, &request.name, written)?;
        }
        Ok(())
    }

    fn write(&mut self, request: &Request, content: Option<&[u8]>) -> io::Result<()> {
        let name = Name::new(&request.name).map_err(io::Error::other)?;
        let dir = self.folders.open(Pass::Content, request.folder)?;
        let Some(content) = content else {
            // If there is no such file here, the source could not read it: it is left out.
            return match dir.set_file(name, request.mode, request.mtime, false) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                set => set,
            };
        };
        let mut temporary = Temporary::new(Arc::clone(&dir))?;
        temporary.file().write_all(content)?;
        dir.make_way(name, self.delete)?;
        temporary.replace(name, request.mode, request.mtime, false)
    }

    /// Receives links, `("link", path, text)` or `("linkbase", path, path from the root)`, until a 42.
    fn take_links(&mut self) -> Result<(), SyncErrorKind> {
        loop {
            let fields = match self.channel.receive(None)? {
                Value::Tuple(fields) => fields,
                end if end.as_i64() == Some(42) => return Ok(()),
                _ => return Err(ProtocolError::Message.into()),
            };
            let fields: Vec<_> = fields.into_iter().map(text).collect::<Result<_, _>>()?;
            let (path, target) = match &fields[..] {
                [kind, path, target] if kind == b"link" => (path, target.clone()),
                [kind, path, inside] if kind == b"linkbase" => (path, self.inside(inside)?),
                _ => return Err(ProtocolError::Message.into()),
            };
            self.take_link(path, &target)?;
        }
    }

    fn take_link(&mut self, path: &[u8], target: &[u8]) -> Result<(), SyncErrorKind> {
        if target.len() > MAX_LINK {
            return Err(ProtocolError::Message.into());
        }
        let mut parts = components(path)?;
        let name = parts.pop().ok_or(ProtocolError::Message)?;
        let delete = self.delete;
        let made = self.walk_down(&parts).and_then(|dir| {
            dir.make_way(name, delete)?;
            dir.make_link(name, target)
        });
        self.done(ROOT, path, made)
    }

    /// Opens the folder of a link. It must exist, as it was listed before; links are not followed.
    fn walk_down(&mut self, parts: &[Name<'_>]) -> io::Result<Arc<Dir>> {
        let mut dir = self.folders.open(Pass::Content, ROOT)?;
        for part in parts {
            dir = Arc::new(dir.open_dir(*part)?);
        }
        Ok(dir)
    }

    fn inside(&self, path: &[u8]) -> Result<Vec<u8>, ProtocolError> {
        let mut target = bytes_of(&self.place).into_owned();
        for name in components(path)? {
            target.push(b'/');
            target.extend_from_slice(name.as_bytes());
        }
        Ok(target)
    }

    /// Deletes, then sets the modes of folders from the deepest up. Their owner keeps all permissions.
    fn finish(&mut self) -> Result<(), SyncErrorKind> {
        for (folder, name) in core::mem::take(&mut self.deletions) {
            let removed = self
                .folders
                .open(Pass::Listing, folder)
                .and_then(|dir| dir.remove(Name::new(&name).map_err(io::Error::other)?));
            match removed {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => self.done(folder, &name, removed)?,
            }
        }
        for (folder, mode) in core::mem::take(&mut self.modes).into_iter().rev() {
            let set = self.folders.open(Pass::Listing, folder).and_then(|dir| {
                let mtime = dir.meta()?.mtime;
                dir.set(mode | 0o700, mtime)
            });
            self.done(folder, b"", set)?;
        }
        Ok(())
    }
}

fn components(path: &[u8]) -> Result<Vec<Name<'_>>, ProtocolError> {
    let parts = path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".");
    parts
        .map(|part| Name::new(part).map_err(ProtocolError::Name))
        .collect()
}

/// Both times were floats once, which lose some hundred nanoseconds.
fn is_same_time(here: &Meta, mtime: i64) -> bool {
    here.mtime.abs_diff(mtime) < 1_000
}

fn digest_of(dir: &Dir, name: Name<'_>) -> io::Result<[u8; 16]> {
    let (mut file, _) = dir.open_file(name)?;
    let mut hasher = Md5::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize().into())
}
