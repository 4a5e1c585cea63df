use alloc::sync::Arc;
use std::fs::File;
use std::io;

use super::confine::{Dir, Folders, Meta, Name};
use crate::sync::Mutex;

/// What a source has listed, by number: the only things it ever opens for a peer.
#[derive(Debug)]
pub(crate) struct Catalog(Mutex<Listed>);

#[derive(Debug)]
struct Listed {
    folders: Folders,
    files: Vec<ListedFile>,
}

#[derive(Debug)]
struct ListedFile {
    folder: u32,
    /// It is a link, and sent as what it points to.
    followed: bool,
    size: u64,
    name: Box<[u8]>,
}

impl Catalog {
    pub(crate) fn new(root: Arc<Dir>) -> Self {
        Self(Mutex::new(Listed {
            folders: Folders::new(root),
            files: Vec::new(),
        }))
    }

    pub(crate) fn open_folder(&self, folder: u32) -> io::Result<Arc<Dir>> {
        self.0.lock().folders.open(folder)
    }

    pub(crate) fn add_folder(&self, parent: u32, name: Name<'_>) -> Option<u32> {
        self.0.lock().folders.add(parent, name)
    }

    /// The number after the last folder's.
    pub(crate) fn end_of_folders(&self) -> u32 {
        self.0.lock().folders.end()
    }

    /// Whether the file had a number left to get.
    pub(crate) fn add_file(&self, folder: u32, name: Name<'_>, size: u64, followed: bool) -> bool {
        let mut listed = self.0.lock();
        let room = u32::try_from(listed.files.len()).is_ok_and(|number| number < u32::MAX);
        if room {
            let name = name.as_bytes().into();
            listed.files.push(ListedFile {
                folder,
                followed,
                size,
                name,
            });
        }
        room
    }

    /// How many components lie above the folder.
    pub(crate) fn depth(&self, folder: u32) -> u16 {
        self.0.lock().folders.depth(folder)
    }

    /// The path from the root, for reports.
    pub(crate) fn path(&self, folder: u32, name: &[u8]) -> Vec<u8> {
        self.0.lock().folders.path(folder, name)
    }

    /// The path and listed size of a file, `None` where none has that number.
    pub(crate) fn file(&self, number: u32) -> Option<(Vec<u8>, u64)> {
        let listed = self.0.lock();
        let file = listed.file(number)?;
        Some((listed.folders.path(file.folder, &file.name), file.size))
    }

    /// Whether a file of that name was listed in the folder, where folders are listed in the order of their numbers.
    pub(crate) fn lists_file(&self, folder: u32, name: &[u8]) -> bool {
        let listed = self.0.lock();
        let place = |file: &ListedFile| (file.folder, &*file.name).cmp(&(folder, name));
        listed.files.binary_search_by(place).is_ok()
    }

    /// How many files were listed so far.
    pub(crate) fn files(&self) -> u64 {
        u64::try_from(self.0.lock().files.len()).unwrap_or(u64::MAX)
    }

    /// The listed size of a file, `None` where none has that number.
    pub(crate) fn size(&self, number: u32) -> Option<u64> {
        self.0.lock().file(number).map(|file| file.size)
    }

    /// Opens a file by its number.
    ///
    /// # Errors
    /// It is not there any more, or is not the regular file that it was.
    pub(crate) fn open_file(&self, number: u32) -> io::Result<(File, Meta)> {
        let mut listed = self.0.lock();
        let file = listed.file(number).ok_or(io::ErrorKind::NotFound)?;
        let (folder, followed, name) = (file.folder, file.followed, file.name.clone());
        let dir = listed.folders.open(folder)?;
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
}
