//! From a worker to here.

use std::path::Path;

use super::confine::{Folders, Kind, Meta};
use super::filter::Filter;
use super::protocol::{Entry, Fate, Note, What};
use super::receiver::Watcher;
use super::report::{Recorder, Report, path_of};
use super::walk::{Links, NOT_SENT, leaves};

/// Applies the filter and the rule for links to what a worker lists, and records what happens.
pub(super) struct PullWatcher<'a> {
    pub(super) filter: &'a mut Filter,
    pub(super) links: Links,
    pub(super) recorder: Recorder<'a>,
    pub(super) files: u64,
}

impl PullWatcher<'_> {
    pub(super) fn finish(self) -> Report {
        let mut report = self.recorder.report;
        report.files = self.files;
        report
    }

    fn leads_out(&self, depth: u16, target: &[u8]) -> bool {
        self.links != Links::Keep && leaves(depth, target)
    }

    fn refuses(&mut self, path: &Path, entry: &Entry<'_>) -> Option<&'static str> {
        let (kind, mode, size, mtime) = match entry.what {
            What::File { mode, size, mtime }
            | What::HardLink {
                mode, size, mtime, ..
            } => (Kind::File, mode, size, mtime),
            What::Folder { mode, mtime } => (Kind::Directory, mode, 0, mtime),
            What::Link(_) | What::LinkInside(_) => (Kind::Link, 0, 0, 0),
            What::Kept(b"") => (Kind::Special, 0, 0, 0),
            What::Kept(_) => return None,
        };
        self.filter.refuses(
            path,
            &Meta {
                kind,
                mode,
                size,
                mtime,
            },
        )
    }
}

impl Watcher for PullWatcher<'_> {
    fn takes(&mut self, folders: &Folders, folder: u32, entry: &Entry<'_>) -> bool {
        let name = entry.name.as_bytes();
        if !self.filter.is_idle() {
            let path = path_of(folders.path(folder, name));
            if let Some(reason) = self.refuses(&path, entry) {
                self.recorder.skipped(path, reason);
                return false;
            }
        }
        let path = || folders.path(folder, name);
        match entry.what {
            What::Kept(b"") => self.recorder.skipped(path_of(path()), NOT_SENT),
            What::Kept(reason) => self.recorder.failed(path(), reason),
            What::Link(target) if self.leads_out(folders.depth(folder), target) => {
                self.recorder
                    .failed(path(), b"a link that leads out of the tree");
                return false;
            }
            What::File { .. } | What::HardLink { .. } => self.files += 1,
            What::Folder { .. } | What::Link(_) | What::LinkInside(_) => {}
        }
        true
    }

    fn had(&mut self) {
        self.recorder.had();
    }

    fn cut_off(&mut self, folders: &Folders, folder: u32) {
        let path = folders.path(folder, b"");
        self.recorder
            .failed(path, b"the source could not list it whole");
    }

    fn asked(&mut self, size: u64) {
        self.recorder.asked(size);
    }

    fn took(&mut self, bytes: u64) {
        self.recorder.took(bytes);
    }

    fn settled(&mut self, folders: &Folders, folder: u32, name: &[u8], size: u64, fate: Fate<'_>) {
        let path = folders.path(folder, name);
        match fate {
            Fate::Written => self.recorder.sent(path, size),
            Fate::Same => self.recorder.had(),
            Fate::Failed(reason) => self.recorder.failed(path, reason),
        }
    }

    fn noted(&mut self, folders: &Folders, note: &Note<'_>) {
        let path = folders.path(note.folder, note.name);
        self.recorder.noted(path, note);
    }
}
