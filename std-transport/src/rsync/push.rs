//! The sync with one target of a [`send`](super::RSync::send), and the listing for all of them.

use alloc::sync::Arc;
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, Scope};

use execnet_core_sync::{Channel, Gateway};

use super::beneath::{Meta, bytes_of};
use super::content_cache::ContentCache;
use super::error::SyncError;
use super::filter::Filter;
use super::observer::{LeftOut, Observer};
use super::options::TargetOptions;
use super::origin::Origin;
use super::program;
use super::protocol::{Role, Settings, Start};
use super::report::{self, Callback, NotSynced, Recorder, Report, path_of};
use super::run::{self, Event};
use super::sender::Sender;
use super::sync_channel::{SyncChannel, SyncErrorKind};
use super::walk::Walk;
use crate::python::RSYNC_TARGET;

/// A target: a gateway and a path.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) gateway: Gateway,
    pub(super) destination: PathBuf,
    pub(super) options: TargetOptions,
}

/// The result of the sync with one target.
#[derive(Debug)]
#[non_exhaustive]
pub struct TargetReport {
    /// The id of its gateway.
    pub gateway: String,
    /// Where the tree was to go.
    pub destination: PathBuf,
    /// What was done.
    pub report: Report,
    /// Why it ended before all was done, if it did.
    pub error: Option<SyncError>,
}

impl TargetReport {
    /// Whether the target has all that was to be sent.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.error.is_none() && self.report.failed.is_empty()
    }
}

/// What all targets have in common.
pub(super) struct Push<'a> {
    pub(super) cache: Arc<ContentCache>,
    pub(super) root: Vec<u8>,
    /// The location of the source, if that is a directory.
    pub(super) origin: Option<Origin>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) callback: Option<&'a Callback>,
}

impl<'a> Push<'a> {
    /// Runs the sync with one target to its end.
    pub(super) fn run<'scope>(
        &'a self,
        scope: &'scope Scope<'scope, 'a>,
        number: usize,
        target: &Target,
        settings: Settings,
        (outlet, events): (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    ) -> (Report, Option<SyncError>) {
        let recorder = Recorder::new(number, self.callback);
        let mut sender = Sender::new(Arc::clone(&self.cache), settings, recorder);
        let result = self.start(target, settings).and_then(|channel| {
            let receiving = channel.clone();
            thread::Builder::new()
                .name(format!("execnet-rsync-{number}-in"))
                // It ends with the channel, which this function closes in any case.
                .spawn_scoped(scope, move || pass_on(&receiving, &outlet))
                .map_err(|_| SyncErrorKind::Gone)?;
            let sent = run::send(&mut sender, &channel, &events, self.idle_timeout);
            if sent.is_ok() {
                // The worker closes the channel when it has read the last message. If this end closed it first, the
                // worker could find the channel closed before that.
                let _ = channel.wait_close_timeout(Duration::from_secs(5));
            }
            channel.close();
            sent
        });
        let files = self.cache.index().files();
        let recorder = sender.into_observer();
        (
            recorder.finish(files, result.is_ok()),
            result.err().map(SyncError::from),
        )
    }

    fn start(&self, target: &Target, settings: Settings) -> Result<Channel, SyncErrorKind> {
        let start = Start {
            role: Role::Target {
                root: self.root.clone(),
            },
            path: bytes_of(&target.destination).into_owned(),
            settings,
            origin: self.origin.clone(),
        };
        let started = program::start(&target.gateway, &RSYNC_TARGET, &start, self.idle_timeout);
        let (channel, ready) = started?;
        match ready.accepted() {
            Ok(_) => Ok(channel),
            Err(error) => Err(SyncErrorKind::Destination(
                target.destination.clone(),
                error,
            )),
        }
    }
}

/// Passes on items of the target as events: the sending thread waits for these and for the listing at once.
fn pass_on(channel: &Channel, outlet: &mpsc::Sender<Event>) {
    loop {
        let (event, last) = match SyncChannel::receive(channel, None) {
            Ok(item) => (Event::Item(item), false),
            Err(kind) => (Event::Failed(kind), true),
        };
        if outlet.send(event).is_err() || last {
            return;
        }
    }
}

/// Applies the filter, and records what applies to all targets.
pub(super) struct PushObserver<'a> {
    pub(super) filter: &'a mut Filter,
    pub(super) callback: Option<&'a Callback>,
    pub(super) skipped: Vec<NotSynced>,
    pub(super) failed: Vec<NotSynced>,
}

impl Observer for PushObserver<'_> {
    fn takes_all(&self) -> bool {
        self.filter.is_idle()
    }

    fn takes(&mut self, path: &Path, meta: &Meta) -> bool {
        let refused = self.filter.refuses(path, meta);
        if let Some(reason) = refused {
            self.skip(path.to_path_buf(), reason);
        }
        refused.is_none()
    }

    fn left_out(&mut self, path: Vec<u8>, reason: LeftOut) {
        let path = path_of(path);
        match reason {
            LeftOut::Skipped(reason) => self.skip(path, reason),
            LeftOut::Failed(error) => {
                let reason = error.to_string();
                self.tell(&report::Event::Failed {
                    target: None,
                    path: &path,
                    reason: &reason,
                });
                self.failed.push(NotSynced { path, reason });
            }
        }
    }
}

impl PushObserver<'_> {
    fn skip(&mut self, path: PathBuf, reason: &str) {
        self.tell(&report::Event::Skipped {
            path: &path,
            reason,
        });
        self.skipped.push(NotSynced {
            path,
            reason: reason.into(),
        });
    }

    fn tell(&self, event: &report::Event<'_>) {
        if let Some(callback) = self.callback {
            callback(event);
        }
    }
}

/// Lists the tree for all targets.
pub(super) fn list<O: Observer>(walk: &mut Walk<O>, outlets: &[mpsc::Sender<Event>]) {
    walk.list_all(&mut |sections| {
        let sections = Arc::new(sections);
        for outlet in outlets {
            // Fails if the sync with this target has ended.
            let _ = outlet.send(Event::List(Arc::clone(&sections)));
        }
    });
}
