//! One tree to many hosts, or one from a host to here.
//!
//! ```no_run
//! use execnet::rsync::{RSync, TargetOptions};
//!
//! let group = execnet::Group::new();
//! let (here, there) = (group.make_gateway("popen")?, group.make_gateway("popen")?);
//! let mut rsync = RSync::new("project");
//! rsync.exclude("*.pyc")?;
//! rsync.add_target(&here, "/srv/a", TargetOptions::new());
//! rsync.add_target(&there, "/srv/b", TargetOptions::new().delete(true));
//! for target in rsync.send()? {
//!     println!("{}: {} files sent", target.gateway, target.report.sent.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file is sent if size or time of last change differ, or with [`RSync::checksum`] if its content does. It comes
//! under another name first and takes the place of the old one in one step, with permissions and time set: whatever
//! happens, a file is the old or the new one. Links are made after the files, deletions come last.
//!
//! # What each side can do to the other
//!
//! A target asks for files by their number in the listing, never by a path: a worker gets nothing that is not in the
//! tree. In a pull, names from the worker are single components and every step is made from an open directory
//! without following links: the worker writes nothing outside the destination, and what leads out of it is refused
//! unless [`RSync::links`] says otherwise.

mod beneath;
mod content_cache;
mod data_message;
mod error;
mod file_index;
mod filter;
#[cfg(feature = "test-util")]
#[doc(hidden)]
pub mod fuzzing;
mod observer;
mod options;
mod origin;
mod program;
mod protocol;
mod pull;
mod push;
mod receiver;
mod report;
mod run;
mod sender;
mod serve;
mod stock;
mod sync_channel;
mod walk;

#[cfg(test)]
mod tests;

use core::mem;
use core::time::Duration;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use alloc::sync::Arc;

use execnet_core_sync::Gateway;
use execnet_serializer::StrConfig;

use crate::python::RSYNC_SOURCE;

pub use error::{RSyncError, SyncError};
pub use filter::{Candidate, PatternError};
pub use options::TargetOptions;
pub use push::TargetReport;
pub use report::{Event, Report, Skipped};
pub use serve::{register, serve};
pub use walk::Links;

use beneath::{Kind, Meta};
use content_cache::ContentCache;
use filter::Filter;
use options::Common;
use origin::Origin;
use protocol::{ProtocolError, Ready, Role, Start, pack_root, unpack_root};
use pull::PullObserver;
use push::{Push, PushObserver, Target};
use receiver::{Receiver, Rules};
use report::{Callback, Recorder};
use sync_channel::{SyncChannel, SyncErrorKind};
use walk::Walk;

/// A source, what is to be taken of it, and who is to have it.
///
/// [`send`](Self::send) copies a tree from here to all targets at once; [`pull`](Self::pull) copies one from a
/// worker to here.
pub struct RSync {
    source: PathBuf,
    targets: Vec<Target>,
    common: Common,
    links: Option<Links>,
    filter: Filter,
    max_entries: u64,
    idle_timeout: Option<Duration>,
    callback: Option<Box<Callback>>,
}

impl RSync {
    /// A sync from this directory, or single file. The source itself may be a link.
    pub fn new(source: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            targets: Vec::new(),
            common: Common::default(),
            links: None,
            filter: Filter::default(),
            max_entries: Rules::default().entries,
            idle_timeout: Some(Duration::from_secs(600)),
            callback: None,
        }
    }

    /// Adds a target for the next [`send`](Self::send). The content of the source directory goes into the directory
    /// `destination` there, which is created if it does not exist. A source file becomes the file `destination`; if
    /// that ends in a slash, a file of the same name in that directory. A relative path starts at the worker's working
    /// directory; `~` has no special meaning.
    pub fn add_target(
        &mut self,
        gateway: &Gateway,
        destination: impl Into<PathBuf>,
        options: TargetOptions,
    ) -> &mut Self {
        let (gateway, destination) = (gateway.clone(), destination.into());
        self.targets.push(Target {
            gateway,
            destination,
            options,
        });
        self
    }

    /// Leaves out what matches a pattern as `.gitignore` has them, relative to the root of the tree. A later pattern
    /// overrules an earlier one; one that begins with `!` takes in again.
    ///
    /// # Errors
    /// It is not a pattern.
    pub fn exclude(&mut self, pattern: &str) -> Result<&mut Self, PatternError> {
        self.filter.exclude(pattern)?;
        Ok(self)
    }

    /// Leaves out everything for which the function returns false. It is not asked for the root.
    pub fn filter(
        &mut self,
        filter: impl FnMut(&Candidate<'_>) -> bool + Send + 'static,
    ) -> &mut Self {
        self.filter.decide(Box::new(filter));
        self
    }

    /// Leaves out files of more bytes than this.
    pub fn max_file_size(&mut self, bytes: u64) -> &mut Self {
        self.filter.set_max_size(bytes);
        self
    }

    /// Ends a [`pull`](Self::pull) whose worker lists more entries than this; ten million if nothing is said.
    pub fn max_entries(&mut self, entries: u64) -> &mut Self {
        self.max_entries = entries;
        self
    }

    /// Compares the content of files of the same size instead of their times. Both sides read them all.
    pub fn checksum(&mut self, checksum: bool) -> &mut Self {
        self.common.checksum = checksum;
        self
    }

    /// Only finds out what would be done, for the report.
    pub fn dry_run(&mut self, dry_run: bool) -> &mut Self {
        self.common.dry_run = dry_run;
        self
    }

    /// Keeps setuid, setgid and sticky bits of files, which are dropped otherwise.
    pub fn special_modes(&mut self, keep: bool) -> &mut Self {
        self.common.special_modes = keep;
        self
    }

    /// Keeps the holes of files: they are neither sent nor written, and take no room at the target. Otherwise they arrive
    /// as zeros. Holes are those that the source's file system tells of, in files of 32 KiB and more. A file that the
    /// target has already stays as it is.
    pub fn sparse(&mut self, keep: bool) -> &mut Self {
        self.common.sparse = keep;
        self
    }

    /// Keeps files that have several names in the tree one file. Otherwise each name gets a file of its own. Of a file
    /// that could not be sent the other names are reported as failed.
    pub fn hard_links(&mut self, keep: bool) -> &mut Self {
        self.common.hard_links = keep;
        self
    }

    /// Has the target's system write files and directories to the disk (`fsync`) before the sync counts as done. That of
    /// each file is done before it takes its place, so that a power failure leaves the old or the new one. Files that the
    /// target has already are not written again.
    pub fn fsync(&mut self, fsync: bool) -> &mut Self {
        self.common.fsync = fsync;
        self
    }

    /// What becomes of links that lead out of the tree. If nothing is said, [`Links::Keep`] for
    /// [`send`](Self::send) and [`Links::Refuse`] for [`pull`](Self::pull), which knows no [`Links::Copy`] and takes
    /// that for the same.
    pub fn links(&mut self, links: Links) -> &mut Self {
        self.links = Some(links);
        self
    }

    /// Sets how long the other side may send nothing while a message of it is expected. It sends nothing while it reads
    /// a large file for a comparison, or deletes a large tree. `None` waits without limit. Default: ten minutes.
    ///
    /// A push that is blocked in writing to a worker that no longer reads is not limited by this;
    /// [`Gateway::kill`](crate::Gateway::kill) ends it.
    pub fn idle_timeout(&mut self, idle_timeout: Option<Duration>) -> &mut Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Calls the function for everything that happens, from the thread in which it does.
    pub fn callback(&mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> &mut Self {
        self.callback = Some(Box::new(callback));
        self
    }

    /// Sends the tree to all targets, and returns when the last of them is done. Each has a report, in the order in
    /// which they were added; that one fails is no matter to the others. The targets are used up.
    ///
    /// Each file is opened once for all targets that keep up with one another, and read once, within some 24 MiB of
    /// content; a target that is slower than that has its files read again and holds up nobody. Over pipes on Linux what
    /// is not small is not read here at all: the system hands its pages to each target.
    ///
    /// # Errors
    /// There are no targets, or the source cannot be opened.
    pub fn send(&mut self) -> Result<Vec<TargetReport>, RSyncError> {
        let mut targets = mem::take(&mut self.targets);
        if targets.is_empty() {
            return Err(RSyncError::NoTargets);
        }
        let callback = self.callback.as_deref();
        let observer = PushObserver {
            filter: &mut self.filter,
            callback,
            skipped: Vec::new(),
            failed: Vec::new(),
        };
        let walk = Walk::open(&self.source, self.links.unwrap_or_default(), observer);
        let walk = walk.map(|walk| walk.with_hard_links(self.common.hard_links));
        let deletes = targets.iter().any(|target| target.options.delete);
        let opened = walk.and_then(|walk| Ok((walk, Origin::for_deleting(&self.source, deletes)?)));
        let (mut walk, origin) = opened.map_err(|error| no_source(&self.source, error))?;
        for target in &mut targets {
            target.destination = placed(&target.destination, &self.source, walk.root());
        }
        let shared = targets.len() > 1;
        let push = Push {
            cache: Arc::new(ContentCache::new(Arc::clone(walk.index()), shared)),
            root: pack_root(walk.root()),
            origin,
            idle_timeout: self.idle_timeout,
            callback,
        };
        let outcomes = send_all(&push, &mut walk, &targets, self.common);
        let observer = walk.into_observer();
        let reports = targets.into_iter().zip(outcomes);
        Ok(reports
            .map(|(target, outcome)| report(target, outcome, &observer))
            .collect())
    }

    /// Copies the source, which is at the worker, to `destination` here, which means the same as in
    /// [`add_target`](Self::add_target). The filter is applied here.
    ///
    /// # Errors
    /// The destination cannot be made, or has the source in it and is to lose what the source does not have. The worker
    /// has no such source, is gone, or breaks the protocol.
    pub fn pull(
        &mut self,
        gateway: &Gateway,
        destination: impl AsRef<Path>,
        options: TargetOptions,
    ) -> Result<Report, RSyncError> {
        let settings = self.common.settings(options);
        let sync = |kind: SyncErrorKind| RSyncError::Sync(kind.into());
        let channel = gateway.remote_exec_module(&RSYNC_SOURCE, program::FILE_NAME);
        let channel = channel.map_err(|error| sync(SyncErrorKind::Send(error)))?;
        let strings = channel.reconfigure(StrConfig::STORED);
        strings.map_err(|error| sync(SyncErrorKind::Send(error)))?;
        let path = self.source.as_os_str().as_bytes().to_vec();
        // What the filter leaves out is not to be listed; without one, the worker needs no word for each folder.
        let asks = !self.filter.is_idle();
        let start = Start {
            role: Role::Source { asked: asks },
            path,
            settings,
            origin: None,
        };
        SyncChannel::send(&channel, start.to_value()).map_err(sync)?;
        let ready = SyncChannel::receive(&channel, self.idle_timeout).map_err(sync)?;
        let ready = Ready::from_value(&ready).map_err(|error| sync(error.into()))?;
        let ready = ready.accepted();
        let ready = ready.map_err(|error| no_source(&self.source, error))?;
        let root = ready.root.ok_or(ProtocolError::Message);
        let root = root.and_then(|root| unpack_root(&root));
        let root = root.map_err(|error| sync(error.into()))?;
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
        let receiver = Receiver::new(&destination, &root, settings, rules, observer)
            .and_then(|receiver| receiver.sparing(ready.origin.as_ref()));
        let mut receiver = receiver.map_err(|error| RSyncError::Destination {
            path: destination,
            error,
        })?;
        let received = run::receive(&mut receiver, &channel, self.idle_timeout);
        if received.is_ok() {
            // The worker has nothing to do any more; whether it says so makes no difference.
            let _ = channel.wait_close_timeout(Duration::from_secs(5));
        }
        let report = receiver.into_observer().finish();
        match received {
            Ok(()) => Ok(report),
            Err(kind) => Err(RSyncError::Sync(SyncError::with_report(kind, report))),
        }
    }
}

impl core::fmt::Debug for RSync {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RSync")
            .field("source", &self.source)
            .field("targets", &self.targets)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

/// Where the root goes. As in rsync, a slash at the end makes the destination of a file the directory that it goes into.
fn placed(destination: &Path, source: &Path, root: &Meta) -> PathBuf {
    let is_parent = root.kind == Kind::File && destination.as_os_str().as_bytes().ends_with(b"/");
    match source.file_name() {
        Some(name) if is_parent => destination.join(name),
        _ => destination.into(),
    }
}

fn no_source(path: &Path, error: std::io::Error) -> RSyncError {
    let path = path.into();
    RSyncError::Source { path, error }
}

type Outcome = (Report, Option<SyncError>);

fn send_all<'a>(
    push: &Push<'a>,
    walk: &mut Walk<PushObserver<'_>>,
    targets: &[Target],
    common: Common,
) -> Vec<Outcome> {
    thread::scope(|scope| {
        let mut outlets = Vec::new();
        let mut running = Vec::new();
        for (number, target) in targets.iter().enumerate() {
            let (outlet, events) = mpsc::channel();
            outlets.push(outlet.clone());
            let settings = common.settings(target.options);
            running.push(
                thread::Builder::new()
                    .name(format!("execnet-rsync-{number}"))
                    .spawn_scoped(scope, move || {
                        push.run(scope, number, target, settings, (outlet, events))
                    }),
            );
        }
        push::list(walk, &outlets);
        drop(outlets);
        let finished = running
            .into_iter()
            .map(|thread| match thread.map(|thread| thread.join()) {
                Ok(Ok(outcome)) => outcome,
                _ => (Report::default(), Some(SyncErrorKind::Gone.into())),
            });
        finished.collect()
    })
}

fn report(target: Target, outcome: Outcome, observer: &PushObserver<'_>) -> TargetReport {
    let (mut report, error) = outcome;
    report.skipped.extend_from_slice(&observer.skipped);
    report.failed.extend_from_slice(&observer.failed);
    TargetReport {
        gateway: target.gateway.id().into(),
        destination: target.destination,
        report,
        error,
    }
}
