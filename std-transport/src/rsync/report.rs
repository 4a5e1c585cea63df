//! What a sync has done: its report and its events.

use std::path::{Path, PathBuf};

use super::beneath;
use super::observer::Observer;
use super::protocol::{FileResult, Note, NoteKind};
use crate::printable::printable;

/// What a sync has done at one target, or would do in a dry run. Paths are relative to the root of the tree, which is
/// `.`; the path of a single file is its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Number of files that the source has listed.
    pub files: u64,
    /// Number of bytes of content that were sent; in a dry run, the total size of the files that would be sent.
    pub bytes: u64,
    /// Number of files that the target had already, as far as known: after a push that ended early, most are unknown.
    pub unchanged: u64,
    /// Files that were sent.
    pub sent: Vec<PathBuf>,
    /// Links that were created; with [`RSync::with_hard_links`](super::RSync::with_hard_links), further names of files
    /// too.
    pub linked: Vec<PathBuf>,
    /// Entries that were deleted, as the source does not have them. A directory includes everything in it.
    pub deleted: Vec<PathBuf>,
    /// Entries of the source that were excluded, or are neither files, directories nor links.
    pub skipped: Vec<NotSynced>,
    /// Entries that could not be sent, created, changed or deleted. If a directory could not be created or opened at
    /// the target, every entry in it is included.
    pub failed: Vec<NotSynced>,
}

/// An entry of the tree that was not synced, and why: it was skipped on purpose, or it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotSynced {
    /// Its path, relative to the root of the tree.
    pub path: PathBuf,
    /// Why. Text of a peer is escaped for a terminal.
    pub reason: String,
}

/// An event of a running sync. Targets are numbered from 0, in the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A target has requested another file.
    Asked {
        /// The target.
        target: usize,
        /// Number of files that it has requested.
        files: u64,
        /// The total of their listed sizes, in bytes.
        bytes: u64,
    },
    /// A target has acknowledged content.
    Took {
        /// The target.
        target: usize,
        /// Total number of bytes that it has received, including the headers of content.
        bytes: u64,
    },
    /// A file arrived, or would be sent in a dry run.
    Sent {
        /// The target.
        target: usize,
        /// The file.
        path: &'a Path,
        /// Number of bytes of its content.
        bytes: u64,
    },
    /// A link was created, or would be in a dry run.
    Linked {
        /// The target.
        target: usize,
        /// The link.
        path: &'a Path,
    },
    /// An entry was deleted, or would be in a dry run.
    Deleted {
        /// The target.
        target: usize,
        /// The entry.
        path: &'a Path,
    },
    /// An operation failed; the sync continues.
    Failed {
        /// The target; `None` for a failure at the source.
        target: Option<usize>,
        /// The entry.
        path: &'a Path,
        /// The reason.
        reason: &'a str,
    },
    /// An entry of the source is not sent.
    Skipped {
        /// The entry.
        path: &'a Path,
        /// The reason.
        reason: &'a str,
    },
}

/// The callback for events.
pub(crate) type Callback = dyn Fn(&Event<'_>) + Send + Sync;

/// Records events in a report and passes them to the callback.
pub(crate) struct Recorder<'a> {
    target: usize,
    callback: Option<&'a Callback>,
    pub(crate) report: Report,
    /// Numbers of files that the target has requested, and that it has mentioned without a request.
    asked: u64,
    not_asked: u64,
    asked_bytes: u64,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(target: usize, callback: Option<&'a Callback>) -> Self {
        Self {
            target,
            callback,
            report: Report::default(),
            asked: 0,
            not_asked: 0,
            asked_bytes: 0,
        }
    }

    fn tell(&self, event: &Event<'_>) {
        if let Some(callback) = self.callback {
            callback(event);
        }
    }

    fn sent(&mut self, path: Vec<u8>, bytes: u64) {
        let path = path_of(path);
        self.tell(&Event::Sent {
            target: self.target,
            path: &path,
            bytes,
        });
        self.report.bytes = self.report.bytes.saturating_add(bytes);
        self.report.sent.push(path);
    }

    pub(crate) fn skipped(&mut self, path: PathBuf, reason: &str) {
        self.tell(&Event::Skipped {
            path: &path,
            reason,
        });
        self.report.skipped.push(NotSynced {
            path,
            reason: reason.into(),
        });
    }

    pub(crate) fn failed(&mut self, path: Vec<u8>, reason: &[u8]) {
        let failed = NotSynced {
            path: path_of(path),
            reason: printable(reason),
        };
        let (path, reason) = (&*failed.path, &*failed.reason);
        self.tell(&Event::Failed {
            target: Some(self.target),
            path,
            reason,
        });
        self.report.failed.push(failed);
    }

    /// The report, for this number of listed files. A target that has seen the whole listing has the files that it did
    /// not mention.
    pub(crate) fn finish(mut self, files: u64, saw_all: bool) -> Report {
        self.report.files = files;
        if saw_all {
            let told = self.asked.saturating_add(self.not_asked);
            self.report.unchanged += files.saturating_sub(told);
        }
        self.report
    }
}

impl Observer for Recorder<'_> {
    fn asked(&mut self, size: u64) {
        self.asked += 1;
        self.asked_bytes = self.asked_bytes.saturating_add(size);
        let (target, files, bytes) = (self.target, self.asked, self.asked_bytes);
        self.tell(&Event::Asked {
            target,
            files,
            bytes,
        });
    }

    fn had(&mut self) {
        self.report.unchanged += 1;
    }

    /// The target has reported a file without requesting it: it failed, or is another name of a file.
    fn not_asked(&mut self, is_file: &dyn Fn() -> bool) {
        self.not_asked += u64::from(is_file());
    }

    fn took(&mut self, bytes: u64) {
        self.tell(&Event::Took {
            target: self.target,
            bytes,
        });
    }

    fn settled(&mut self, path: &dyn Fn() -> Vec<u8>, bytes: u64, result: FileResult<'_>) {
        match result {
            FileResult::Written => self.sent(path(), bytes),
            FileResult::Same => self.had(),
            FileResult::Failed(reason) => self.failed(path(), reason),
        }
    }

    fn noted(&mut self, path: &dyn Fn() -> Vec<u8>, note: &Note<'_>) {
        let (path, target) = (path(), self.target);
        match note.kind {
            NoteKind::Failed => self.failed(path, note.text),
            NoteKind::Deleted => {
                let path = path_of(path);
                self.tell(&Event::Deleted {
                    target,
                    path: &path,
                });
                self.report.deleted.push(path);
            }
            NoteKind::Linked => {
                let path = path_of(path);
                self.tell(&Event::Linked {
                    target,
                    path: &path,
                });
                self.report.linked.push(path);
            }
        }
    }
}

/// The path of an entry; the path of the root is empty and shown as `.`.
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    if bytes.is_empty() {
        return PathBuf::from(".");
    }
    beneath::path_of(bytes)
}
