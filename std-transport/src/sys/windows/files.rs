//! Files, and names as bytes.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::FileExt as _;
use std::path::Path;
#[cfg(feature = "self-exec")]
use std::path::PathBuf;

use tempfile::TempDir;

/// The text in UTF-8. Surrogates without their pair have three bytes each, which are not UTF-8.
pub(crate) fn os_bytes(text: &OsStr) -> &[u8] {
    text.as_encoded_bytes()
}

/// The reverse of [`os_bytes`], for parts of its result too. What is not UTF-8 becomes U+FFFD.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Whether the byte separates the parts of a path.
pub(crate) fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'/' | b'\\' | b':')
}

/// Reads at a position in the file.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    file.seek_read(buffer, position)
}

/// Creates a new file. Who can access it, the access list of its directory says.
pub(crate) fn create_secret(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens a file that holds a secret. Its access list is not checked, see docs/security.md.
pub(crate) fn open_secret(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens a file that others may read, but not write. Its access list is not checked either.
#[cfg(feature = "tls")]
pub(crate) fn open_trusted(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Refused: it is for Unix sockets.
pub(crate) fn private_directory() -> io::Result<TempDir> {
    let problem = "Windows has no sockets in directories that are private";
    Err(io::Error::new(io::ErrorKind::Unsupported, problem))
}

/// The file of this program.
#[cfg(feature = "self-exec")]
pub(crate) fn executable_path() -> io::Result<PathBuf> {
    std::env::current_exe()
}
