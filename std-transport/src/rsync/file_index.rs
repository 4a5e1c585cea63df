//! The listed files and folders of a source, by number.

use alloc::sync::Arc;
use std::fs::File;
use std::io;

use super::beneath::{Dir, Folders, Meta, Name, Pass};
use crate::sync::Mutex;

/// What a source has listed. It opens nothing else for a peer.
#[derive(Debug)]
pub(crate) struct FileIndex(Mutex<Listed>);

#[derive(Debug)]
struct Listed {
    folders: Folders,
    /// The files of a folder are adjacent, in the order of their names.
    files: Vec<ListedFile>,
    /// By folder, the number of its first file.
    first_files: Vec<Option<u32>>,
}

#[derive(Debug)]
struct ListedFile {
    folder: u32,
    /// Whether it is a link, whose target is sent.
    followed: bool,
    size: u64,
    name: Box<[u8]>,
}

impl FileIndex {
    pub(crate) fn new(root: Arc<Dir>) -> Self {
        Self(Mutex::new(Listed {
            folders: Folders::new(root),
            files: Vec::new(),
            first_files: Vec::new(),
        }))
    }

    pub(crate) fn open_folder(&self, folder: u32) -> io::Result<Arc<Dir>> {
        self.0.lock().folders.open(Pass::Listing, folder)
    }

    pub(crate) fn add_folder(&self, parent: u32, name: Name<'_>) -> Option<u32> {
        self.0.lock().folders.add(parent, name)
    }

    /// The number after the last folder's.
    pub(crate) fn end_of_folders(&self) -> u32 {
        self.0.lock().folders.end()
    }

    /// Adds a file. Returns false if there is no number left.
    pub(crate) fn add_file(&self, folder: u32, name: Name<'_>, size: u64, followed: bool) -> bool {
        let mut listed = self.0.lock();
        let number = u32::try_from(listed.files.len()).unwrap_or(u32::MAX);
        if number == u32::MAX {
            return false;
        }
        listed.begin(folder, number);
        let name = name.as_bytes().into();
        listed.files.push(ListedFile {
            folder,
            followed,
            size,
            name,
        });
        true
    }

    /// Number of components between the root and the folder.
    pub(crate) fn depth(&self, folder: u32) -> u16 {
        self.0.lock().folders.depth(folder)
    }

    /// The path from the root, for reports.
    pub(crate) fn path(&self, folder: u32, name: &[u8]) -> Vec<u8> {
        self.0.lock().folders.path(folder, name)
    }

    /// The path and listed size of a file; `None` if no file has that number.
    pub(crate) fn file(&self, number: u32) -> Option<(Vec<u8>, u64)> {
        let listed = self.0.lock();
        let file = listed.file(number)?;
        Some((listed.folders.path(file.folder, &file.name), file.size))
    }

    /// Whether a file of that name was listed in the folder.
    pub(crate) fn lists_file(&self, folder: u32, name: &[u8]) -> bool {
        let listed = self.0.lock();
        let files = listed.files_of(folder);
        files
            .binary_search_by(|file| (*file.name).cmp(name))
            .is_ok()
    }

    /// Number of files that have been listed.
    pub(crate) fn files(&self) -> u64 {
        u64::try_from(self.0.lock().files.len()).unwrap_or(u64::MAX)
    }

    /// The listed size of a file; `None` if no file has that number.
    pub(crate) fn size(&self, number: u32) -> Option<u64> {
        self.0.lock().file(number).map(|file| file.size)
    }

    /// Opens a file by its number.
    ///
    /// # Errors
    /// It has been removed, or is no longer a regular file.
    pub(crate) fn open_file(&self, number: u32) -> io::Result<(File, Meta)> {
        let mut listed = self.0.lock();
        let file = listed.file(number).ok_or(io::ErrorKind::NotFound)?;
        let (folder, followed, name) = (file.folder, file.followed, file.name.clone());
        let dir = listed.folders.open(Pass::Content, folder)?;
        // Directories are opened under the lock, as all targets share them. A file need not be, and opening one may
        // block, as on a network file system.
        drop(listed);
        let name = Name::new(&name).map_err(io::Error::other)?;
        if followed {
            dir.open_followed(name)
        } else {
            dir.open_file(name)
        }
    }
}

impl Listed {
    fn file(&self, number: u32) -> Option<&ListedFile> {
        self.files.get(usize::try_from(number).ok()?)
    }

    /// Records the first file of a folder.
    fn begin(&mut self, folder: u32, number: u32) {
        let Ok(folder) = usize::try_from(folder) else {
            return;
        };
        if self.first_files.len() <= folder {
            self.first_files.resize(folder + 1, None);
        }
        if let Some(first) = self.first_files.get_mut(folder) {
            first.get_or_insert(number);
        }
    }

    fn files_of(&self, folder: u32) -> &[ListedFile] {
        let index = usize::try_from(folder).ok();
        let first = index.and_then(|index| *self.first_files.get(index)?);
        let first = first.and_then(|first| usize::try_from(first).ok());
        let files = first.and_then(|first| self.files.get(first..));
        let files = files.unwrap_or_default();
        let end = files.partition_point(|file| file.folder == folder);
        files.get(..end).unwrap_or_default()
    }
}
