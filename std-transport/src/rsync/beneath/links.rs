//! Symbolic and hard links.
//!
//! A new link gets a free temporary name first and is then renamed, so that it replaces an old entry in one step.

use std::io;

use super::{Dir, Identity, Name, temporary};

impl Dir {
    /// Creates a symbolic link with this text. It replaces any entry but a directory.
    ///
    /// # Errors
    /// The directory is not writable, or the entry is a directory.
    pub(crate) fn make_link(&self, name: Name<'_>, target: &[u8]) -> io::Result<()> {
        let (free, ()) = temporary::with_free_name(|free| self.symlink(free, target))?;
        let renamed = self.rename(&free, name);
        if renamed.is_err() {
            // The error of the rename is the one to report.
            let _ = self.remove_temporary(&free);
        }
        renamed
    }

    /// Creates a hard link `name` to the entry `old` of the directory `from`. It replaces any entry but a directory.
    ///
    /// The entry must be the file with this identity. Another process can replace it at any time, so that the check is
    /// made on the new link under its temporary name: what that refers to can no longer change.
    ///
    /// # Errors
    /// The directory is not writable, the file system does not allow another link, or the entry is another file.
    pub(crate) fn make_hard_link(
        &self,
        name: Name<'_>,
        from: &Self,
        old: Name<'_>,
        identity: Identity,
    ) -> io::Result<()> {
        let (free, ()) = temporary::with_free_name(|free| self.hard_link(free, from, old))?;
        let made = Name::new(free.as_bytes()).map_err(io::Error::other)?;
        let named = match self.file_identity(made) {
            Ok(Some(linked)) if linked == identity => self.rename(&free, name),
            Ok(_) => Err(io::Error::other("another process has replaced its file")),
            Err(error) => Err(error),
        };
        // The temporary name is left after a failure, and if `name` refers to the file already: then rename does
        // nothing.
        let _ = self.remove_temporary(&free);
        named
    }
}
