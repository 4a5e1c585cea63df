//! Pulling a tree from a worker.

use core::time::Duration;
use std::path::Path;

use execnet_core_sync::{Channel, Gateway};

use super::beneath::{Kind, Meta, bytes_of};
use super::error::SyncError;
use super::filter::Filter;
use super::observer::Observer;
use super::options::TargetOptions;
use super::origin::Origin;
use super::protocol::{
    Entry, EntryKind, FileResult, Note, ProtocolError, Ready, Role, Settings, Start, unpack_root,
};
use super::receiver::{Receiver, Rules};
use super::report::{Recorder, Report, path_of};
use super::sync_channel::SyncErrorKind;
use super::walk::{Links, NOT_SENT, escapes_root};
use super::{RSync, placed, program, run};
use crate::python::RSYNC_SOURCE;

/// How long the worker may take to close the channel after the sync.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl RSync {
    /// Copies the source, a path at the worker, to `destination` here, which is read as in
    /// [`add_target`](Self::add_target). The filter is applied here.
    ///
    /// # Errors
    /// The destination cannot be created, is the source itself or in the source without being excluded, or contains the
    /// source while [`TargetOptions::delete`] is set. The worker has no such source, is gone, or violates the protocol.
    pub fn pull(
        &mut self,
        gateway: &Gateway,
        destination: impl AsRef<Path>,
        options: TargetOptions,
    ) -> Result<Report, SyncError> {
        let settings = self.common.settings(options);
        // A folder that the filter excludes must not be listed: each is requested. Without a filter the worker lists
        // all of them by itself, which saves the requests.
        let asks = !self.filter.is_idle();
        let (channel, ready) = self.start_pull(gateway, settings, asks)?;
        let root = ready.root.as_deref().ok_or(ProtocolError::Message);
        let root = root.and_then(unpack_root).map_err(SyncErrorKind::from)?;
        let observer = PullObserver {
            filter: &mut self.filter,
            links: self.links.unwrap_or(Links::Refuse),
            recorder: Recorder::new(0, self.callback.as_deref()),
            // A root that is a file is not listed.
            files: u64::from(root.kind == Kind::File),
        };
        let rules = Rules {
            asks,
            entries: self.max_entries,
            ..Rules::default()
        };
        let destination = placed(destination.as_ref(), &self.source, &root);
        let origin = ready.origin.map(|origin| Origin {
            filtered: asks,
            ..origin
        });
        let origin = origin.as_ref();
        let receiver =
            Receiver::from_origin(origin, &destination, &root, settings, rules, observer);
        let mut receiver =
            receiver.map_err(|error| SyncErrorKind::Destination(destination, error))?;
        let received = run::receive(&mut receiver, &channel, self.idle_timeout);
        if received.is_ok() {
            // The tree is complete, whether the worker confirms it or not.
            let _ = channel.wait_close_timeout(CLOSE_TIMEOUT);
        }
        let report = receiver.into_observer().finish();
        match received {
            Ok(()) => Ok(report),
            Err(kind) => Err(SyncError::with_report(kind, report)),
        }
    }

    /// Starts the program at the worker, which opens the source; returns its answer.
    fn start_pull(
        &self,
        gateway: &Gateway,
        settings: Settings,
        asked: bool,
    ) -> Result<(Channel, Ready), SyncErrorKind> {
        let start = Start {
            role: Role::Source { asked },
            path: bytes_of(&self.source).into_owned(),
            settings,
            origin: None,
        };
        let started = program::start(gateway, &RSYNC_SOURCE, &start, self.idle_timeout);
        let (channel, ready) = started?;
        match ready.accepted() {
            Ok(ready) => Ok((channel, ready)),
            Err(error) => Err(SyncErrorKind::Source(self.source.clone(), error)),
        }
    }
}

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
