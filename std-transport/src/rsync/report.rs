use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use super::observer::Observer;
use super::protocol::{FileResult, Note, NoteKind};
use crate::printable::printable;

/// What a sync did at one target, or would do in a dry run. Paths are relative to the root of the tree, which is `.`
/// itself; that of a single file is its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Files that the source offers.
    pub files: u64,
    /// Bytes of content that were sent; in a dry run, the size of the files that would be.
    pub bytes: u64,
    /// How many files the target had, as far as it told. Of a push that ended early that is not known of most.
    pub unchanged: u64,
    /// Files that were sent.
    pub sent: Vec<PathBuf>,
    /// Links that were made, or would be; with [`RSync::hard_links`](super::RSync::hard_links), further names of files too.
    pub linked: Vec<PathBuf>,
    /// What the target had and the source has not; a directory stands for all that was in it.
    pub deleted: Vec<PathBuf>,
    /// What is at the source and not meant to be sent.
    pub skipped: Vec<NotSynced>,
    /// What was to be sent, made, set or deleted, and could not be. Of a folder that could not be made or opened at the
    /// target, all that is in it is named.
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

/// Something that happens while a sync runs. Targets are numbered in the order in which they were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The target asked for so many files and bytes so far.
    Asked {
        /// Who.
        target: usize,
        /// How many files, in all.
        files: u64,
        /// How many bytes, by the sizes that were listed.
        bytes: u64,
    },
    /// The target took so many bytes so far; this counts what frames the content too.
    Took {
        /// Who.
        target: usize,
        /// How many bytes, in all.
        bytes: u64,
    },
    /// A file arrived, or would be sent in a dry run.
    Sent {
        /// Who has it.
        target: usize,
        /// Which file.
        path: &'a Path,
        /// Its content's bytes.
        bytes: u64,
    },
    /// A link was made, or would be in a dry run.
    Linked {
        /// Where.
        target: usize,
        /// Which link.
        path: &'a Path,
    },
    /// Something was deleted, or would be in a dry run.
    Deleted {
        /// Where.
        target: usize,
        /// What.
        path: &'a Path,
    },
    /// Something failed; the sync goes on.
    Failed {
        /// Where; `None` at the source.
        target: Option<usize>,
        /// What.
        path: &'a Path,
        /// Why.
        reason: &'a str,
    },
    /// Something is not meant to be sent.
    Skipped {
        /// What.
        path: &'a Path,
        /// Why.
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
    /// Files that the target asked for, and those that it said it cannot take.
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

    /// The report on this number of files that were offered. A target that has seen all of them has those that it was
    /// silent about.
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

    /// The target cannot take a file that it does not have, or has given it a name by itself.
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

/// The path of something in the tree; the root has none and is called `.`.
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    if bytes.is_empty() {
        return PathBuf::from(".");
    }
    PathBuf::from(OsString::from_vec(bytes))
}
