//! Secrets and authorities: files that are read only if no other user can have written them.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::process::geteuid;

/// Mode bits by which others access a file.
const ACCESS: u32 = 0o077;

/// Mode bits by which others write.
const WRITE: u32 = 0o022;

/// In a directory with this bit nobody can rename or remove the entries of other users.
const STICKY: u32 = 0o1000;

/// Opens a file that holds a secret, under the rules of OpenSSH's `StrictModes`.
///
/// The file must belong to this user or root, and others must have no access to it. Every directory above it must
/// belong to this user or root as well, and others must not be able to write there, unless it is sticky as `/tmp` is: a
/// user who can rename a directory can replace the files in it.
pub(crate) fn open_secret(path: &Path) -> io::Result<File> {
    let file = open_trusted(path)?;
    if file.metadata()?.mode() & ACCESS != 0 {
        return Err(denied("it must not be accessible to others (chmod 600)"));
    }
    Ok(file)
}

/// Opens a file that others may read, but not write. The rules are the same otherwise.
pub(crate) fn open_trusted(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let opened = file.metadata()?;
    check("it", &opened, false)?;
    // Symbolic links are resolved: the directories that count are those of the file itself.
    let real = fs::canonicalize(path)?;
    for directory in real.ancestors().skip(1) {
        let name = format!("the directory {}", directory.display());
        check(&name, &fs::metadata(directory)?, true)?;
    }
    // The path was resolved after the file was opened: both must still be the same file.
    let found = fs::metadata(&real)?;
    if (found.dev(), found.ino()) != (opened.dev(), opened.ino()) {
        return Err(denied("it was replaced while it was being opened"));
    }
    Ok(file)
}

fn check(name: &str, metadata: &Metadata, may_be_sticky: bool) -> io::Result<()> {
    let (owner, mode) = (metadata.uid(), metadata.mode());
    if owner != 0 && owner != geteuid().as_raw() {
        return Err(denied(&format!(
            "{name} must belong to this user or root, not to user {owner}"
        )));
    }
    if mode & WRITE != 0 && !(may_be_sticky && mode & STICKY != 0) {
        return Err(denied(&format!(
            "{name} must not be writable by others (chmod go-w)"
        )));
    }
    Ok(())
}

fn denied(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, problem)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn refusal(path: &Path) -> String {
        let error = open_secret(path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        error.to_string()
    }

    #[test]
    fn a_secret_in_a_directory_that_others_can_write_to_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let secret = inner.join("secret");
        fs::write(&secret, "x").unwrap();
        chmod(&secret, 0o600);
        open_secret(&secret).unwrap();
        for mode in [0o770, 0o777, 0o702] {
            chmod(&inner, mode);
            let refusal = refusal(&secret);
            assert!(refusal.contains("inner must not be writable"), "{refusal}");
        }
        // Nobody can replace the files of others there.
        chmod(&inner, 0o1777);
        open_secret(&secret).unwrap();
        chmod(&inner, 0o700);
        // Through a link, the directories that count are those of the file.
        chmod(directory.path(), 0o770);
        let other = tempfile::tempdir().unwrap();
        let link = other.path().join("link");
        symlink(&secret, &link).unwrap();
        assert!(refusal(&link).contains("must not be writable"));
    }

    #[test]
    fn a_secret_of_another_user_is_refused() {
        if !geteuid().is_root() {
            println!("skipped: only root can give a file away");
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        fs::write(&secret, "x").unwrap();
        chmod(&secret, 0o600);
        chown(&secret, Some(1234), None).unwrap();
        assert!(refusal(&secret).contains("not to user 1234"));
        chown(&secret, Some(0), None).unwrap();
        chown(directory.path(), Some(1234), None).unwrap();
        assert!(refusal(&secret).contains("not to user 1234"));
    }

    #[test]
    fn files_without_secrets_may_be_readable_but_not_writable_for_others() {
        let directory = tempfile::tempdir().unwrap();
        let authority = directory.path().join("ca.pem");
        fs::write(&authority, "x").unwrap();
        chmod(&authority, 0o644);
        open_trusted(&authority).unwrap();
        assert!(refusal(&authority).contains("chmod 600"));
        chmod(&authority, 0o664);
        assert!(open_trusted(&authority).is_err());
    }
}
