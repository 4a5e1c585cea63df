//! Options of a sync.

use execnet_core_sync::options;

use super::protocol::Settings;

/// Options of one target of a sync.
///
/// ```
/// use execnet::rsync::TargetOptions;
/// let options = TargetOptions::new().with_delete(true);
/// assert!(options.delete());
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetOptions {
    pub(crate) delete: bool,
}

impl TargetOptions {
    /// The default options: nothing is deleted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    options! {
        /// Sets whether entries of the target that the source does not have are deleted, as the last step of the sync.
        /// Nothing is deleted in a directory that could not be listed to its end, nor an entry that the source has but
        /// does not send. A destination that contains the source is refused, if both are on one running system.
        with_delete, delete: bool;
    }
}

/// Options of all targets of a sync.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Common {
    pub(crate) checksum: bool,
    pub(crate) dry_run: bool,
    pub(crate) special_modes: bool,
    pub(crate) sparse: bool,
    pub(crate) hard_links: bool,
    pub(crate) fsync: bool,
}

impl Common {
    pub(crate) fn settings(&self, target: TargetOptions) -> Settings {
        Settings {
            delete: target.delete,
            checksum: self.checksum,
            dry_run: self.dry_run,
            special_modes: self.special_modes,
            sparse: self.sparse,
            hard_links: self.hard_links,
            fsync: self.fsync,
            ..Settings::default()
        }
    }
}
