//! Files, and names as bytes.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

pub(crate) fn os_bytes(text: &OsStr) -> &[u8] {
    text.as_bytes()
}

/// The reverse of [`os_bytes`], for parts of its result too.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}

/// Whether the byte separates the parts of a path.
pub(crate) fn is_separator(byte: &u8) -> bool {
    *byte == b'/'
}

/// Reads at a position in the file.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    file.read_at(buffer, position)
}

/// Creates a new file that only its owner can access.
pub(crate) fn create_secret(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path)
}

/// The file of this program.
#[cfg(all(feature = "self-exec", target_os = "linux"))]
pub(crate) fn executable_path() -> io::Result<std::path::PathBuf> {
    // The file of this process, even if another file has its name now.
    Ok("/proc/self/exe".into())
}

#[cfg(all(feature = "self-exec", not(target_os = "linux")))]
pub(crate) fn executable_path() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}
