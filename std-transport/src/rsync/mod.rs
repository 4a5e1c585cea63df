//! Syncs a directory tree to many workers at once, or from one worker to here.
//!
//! ```no_run
//! use execnet::rsync::{RSync, TargetOptions};
//!
//! let group = execnet::Group::new();
//! let (here, there) = (group.make_gateway("popen")?, group.make_gateway("popen")?);
//! let mut rsync = RSync::new("project");
//! rsync.exclude("*.pyc")?;
//! rsync.add_target(&here, "/srv/a", TargetOptions::new());
//! rsync.add_target(&there, "/srv/b", TargetOptions::new().with_delete(true));
//! for target in rsync.send()? {
//!     println!("{}: {} files sent", target.gateway, target.report.sent.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file is sent if its size or modification time differs, or with [`RSync::with_checksum`] if its content differs. It
//! is written under a temporary name, gets its permissions and time, and then replaces the old file in one step: at any
//! time the name refers to the complete old or the complete new file. Links are created after the files, and deletions
//! come last.
//!
//! # Security
//!
//! A target requests files by their number in the listing and never by a path: a worker gets only files of the tree. In
//! a pull, names from the worker are single path components, and every file operation is relative to an open directory
//! and does not follow links: the worker can write nothing outside the destination. Links that lead out of the tree are
//! refused unless [`RSync::with_links`] says otherwise.

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
mod send;
mod sender;
mod serve;
#[cfg(feature = "stock-rsync")]
mod stock;
mod sync_channel;
mod walk;

#[cfg(test)]
mod tests;

use core::time::Duration;
use std::path::{Path, PathBuf};

use execnet_core_sync::Gateway;

pub use error::{RSyncError, SyncError};
pub use filter::{Candidate, PatternError};
pub use options::TargetOptions;
pub use push::TargetReport;
pub use report::{Event, NotSynced, Report};
pub use serve::{register, serve};
pub use walk::Links;

use beneath::{Kind, Meta};
use filter::Filter;
use options::Common;
use push::Target;
use receiver::Rules;
use report::Callback;

/// A sync: a source, filters and options, and targets.
///
/// [`send`](Self::send) copies a tree from here to all targets at once; [`pull`](Self::pull) copies a tree from a
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
    /// Creates a sync of a directory or a single file. The source may be a symbolic link.
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

    /// Adds a target for the next [`send`](Self::send). The content of a source directory is copied into the directory
    /// `destination` at the worker, which is created if it does not exist. A source file becomes the file
    /// `destination`, or a file of its own name in the directory `destination` if that ends in a slash. A relative path
    /// starts at the worker's working directory; `~` has no special meaning.
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

    /// Excludes entries that match a `.gitignore` pattern, relative to the root of the tree. Later patterns override
    /// earlier ones; a pattern that begins with `!` includes entries again.
    ///
    /// # Errors
    /// The pattern is malformed.
    pub fn exclude(&mut self, pattern: &str) -> Result<&mut Self, PatternError> {
        self.filter.exclude(pattern)?;
        Ok(self)
    }

    /// Excludes entries for which the function returns false. It is not called for the root.
    #[must_use]
    pub fn with_filter(
        mut self,
        filter: impl FnMut(&Candidate<'_>) -> bool + Send + 'static,
    ) -> Self {
        self.filter.decide(Box::new(filter));
        self
    }

    /// Excludes files of more than this many bytes.
    #[must_use]
    pub fn with_max_file_size(mut self, bytes: u64) -> Self {
        self.filter.set_max_size(bytes);
        self
    }

    /// Sets the maximum number of entries of a [`pull`](Self::pull); the sync fails if the worker lists more. Default:
    /// ten million.
    #[must_use]
    pub fn with_max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }

    /// Compares files of the same size by content instead of time. Both sides read these files.
    #[must_use]
    pub fn with_checksum(mut self, checksum: bool) -> Self {
        self.common.checksum = checksum;
        self
    }

    /// Changes nothing; the report says what a sync would do.
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.common.dry_run = dry_run;
        self
    }

    /// Keeps setuid, setgid and sticky bits of files. Default: they are dropped.
    #[must_use]
    pub fn with_special_modes(mut self, keep: bool) -> Self {
        self.common.special_modes = keep;
        self
    }

    /// Keeps the holes of sparse files: they are neither sent nor written, and take no space at the target. Default:
    /// they are written as zeros. Holes are those that the source's file system reports, in files of at least 32 KiB. A
    /// file that the target has already does not change.
    #[must_use]
    pub fn with_sparse(mut self, keep: bool) -> Self {
        self.common.sparse = keep;
        self
    }

    /// Keeps hard links: names of one file in the tree become names of one file at the target. Default: each name gets
    /// a file of its own. If a file cannot be sent, its other names are reported as failed too.
    #[must_use]
    pub fn with_hard_links(mut self, keep: bool) -> Self {
        self.common.hard_links = keep;
        self
    }

    /// Writes files and directories to the target's disk (`fsync`) before the sync ends. Each file is written before it
    /// replaces the old one, so that after a power failure either the old or the new file is there. Unchanged files are
    /// not written again.
    #[must_use]
    pub fn with_fsync(mut self, fsync: bool) -> Self {
        self.common.fsync = fsync;
        self
    }

    /// Sets what to do with symbolic links that lead out of the tree. Default: [`Links::Keep`] for
    /// [`send`](Self::send), and [`Links::Refuse`] for [`pull`](Self::pull), which treats [`Links::Copy`] as `Refuse`.
    #[must_use]
    pub fn with_links(mut self, links: Links) -> Self {
        self.links = Some(links);
        self
    }

    /// Sets the maximum time without a message from the other side while one is expected; `None` means no limit. The
    /// other side is silent while it reads a large file for a comparison, or deletes a large tree. Default: ten
    /// minutes.
    ///
    /// It does not limit a [`send`](Self::send) that is blocked because a worker has stopped reading;
    /// [`Gateway::kill`](crate::Gateway::kill) ends that.
    #[must_use]
    pub fn with_idle_timeout(mut self, idle_timeout: Option<Duration>) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Sets a function that is called for each event, from the thread in which it happens.
    #[must_use]
    pub fn with_callback(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.callback = Some(Box::new(callback));
        self
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

/// The path of the root at the target. As in rsync, a slash at the end of the destination of a file means a directory
/// into which the file is copied.
fn placed(destination: &Path, source: &Path, root: &Meta) -> PathBuf {
    let is_parent =
        root.kind == Kind::File && destination.as_os_str().as_encoded_bytes().ends_with(b"/");
    match source.file_name() {
        Some(name) if is_parent => destination.join(name),
        _ => destination.into(),
    }
}
