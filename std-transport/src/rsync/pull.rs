//! From a worker to here.

use std::path::Path;

use super::beneath::{Kind, Meta};
use super::filter::Filter;
use super::observer::Observer;
use super::protocol::{Entry, EntryKind, FileResult, Note};
use super::report::{Recorder, Report, path_of};
use super::walk::{Links, NOT_SENT, escapes_root};

/// Applies the filter and the rule for links to what a worker lists, and records what happens.
pub(super) struct PullObserver<'a> {
    pub(super) filter: &'a mut Filter,
    pub(super) links: Links,
    pub(super) recorder: Recorder<'a>,
    pub(super) files: u64,
}

impl PullObserver<'_> {
    pub(super) fn finish(self) -> Report {
        let mut report = self.recorder.report;
        report.files = self.files;
        report
    }

    fn leads_out(&self, depth: u16, target: &[u8]) -> bool {
        self.links != Links::Keep && escapes_root(depth, target)
    }

    fn refuses(&mut self, path: &Path, entry: &Entry<'_>) -> Option<&'static str> {
        let (kind, mode, size, mtime) = match entry.kind {
            EntryKind::File { mode, size, mtime }
            | EntryKind::HardLink {
                mode, size, mtime, ..
            } => (Kind::File, mode, size, mtime),
            EntryKind::Folder { mode, mtime } => (Kind::Directory, mode, 0, mtime),
            EntryKind::Link(_) | EntryKind::LinkInside(_) => (Kind::Link, 0, 0, 0),
            EntryKind::Protected(b"") => (Kind::Special, 0, 0, 0),
            EntryKind::Protected(_) => return None,
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

impl Observer for PullObserver<'_> {
    fn takes_listed(&mut self, path: &dyn Fn() -> Vec<u8>, depth: u16, entry: &Entry<'_>) -> bool {
        if !self.filter.is_idle() {
            let path = path_of(path());
            if let Some(reason) = self.refuses(&path, entry) {
                self.recorder.skipped(path, reason);
                return false;
            }
        }
        match entry.kind {
            EntryKind::Protected(b"") => self.recorder.skipped(path_of(path()), NOT_SENT),
            EntryKind::Protected(reason) => self.recorder.failed(path(), reason),
            EntryKind::Link(target) if self.leads_out(depth, target) => {
                self.recorder
                    .failed(path(), b"a link that leads out of the tree");
                return false;
            }
            EntryKind::File { .. } | EntryKind::HardLink { .. } => self.files += 1,
            EntryKind::Folder { .. } | EntryKind::Link(_) | EntryKind::LinkInside(_) => {}
        }
        true
    }

    fn cut_off(&mut self, path: &dyn Fn() -> Vec<u8>) {
        self.recorder
            .failed(path(), b"the source could not list it whole");
    }

    fn asked(&mut self, size: u64) {
        self.recorder.asked(size);
    }

    fn had(&mut self) {
        self.recorder.had();
    }

    fn took(&mut self, bytes: u64) {
        self.recorder.took(bytes);
    }

    fn settled(&mut self, path: &dyn Fn() -> Vec<u8>, bytes: u64, result: FileResult<'_>) {
        self.recorder.settled(path, bytes, result);
    }

    fn noted(&mut self, path: &dyn Fn() -> Vec<u8>, note: &Note<'_>) {
        self.recorder.noted(path, note);
    }
}
