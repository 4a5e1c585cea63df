use super::protocol::Settings;

/// What a sync does at one target.
///
/// ```
/// use execnet::rsync::TargetOptions;
/// let options = TargetOptions::new().delete(true);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetOptions {
    pub(crate) delete: bool,
}

impl TargetOptions {
    /// Nothing is deleted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Removes what the target has and the source has not, when all else is done. A directory that could not be
    /// listed to its end is spared, and so is what the source has under that name but does not send. A destination that
    /// has the source in it is refused, where both are on one running system.
    #[must_use]
    pub const fn delete(mut self, delete: bool) -> Self {
        self.delete = delete;
        self
    }
}

/// What holds for all targets of a sync.
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
