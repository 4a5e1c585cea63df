//! Directories that no other user can enter, for sockets.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

/// Creates a temporary directory that no other user may enter, with any umask: another user could put a socket in the
/// place of ours.
pub(crate) fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("execnet-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::process::Command;

    use super::*;

    /// A umask is that of the whole process: the test runs itself in another one.
    #[test]
    fn nobody_else_may_enter_whatever_the_umask() {
        const CHILD: &str = "EXECNET_TEST_UMASK";
        if env::var_os(CHILD).is_some() {
            let directory = private_directory().unwrap();
            let mode = fs::metadata(directory.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            return;
        }
        let name = "sys::unix::private::tests::nobody_else_may_enter_whatever_the_umask";
        for umask in ["000", "022", "077"] {
            let status = Command::new("sh")
                .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
                .arg(env::current_exe().unwrap())
                .args(["--exact", name])
                .env(CHILD, umask)
                .status();
            assert!(status.unwrap().success(), "umask {umask}");
        }
    }
}
