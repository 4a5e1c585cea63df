//! Listening Unix sockets, and their files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::sys::BindUnixError;

/// The file of a Unix socket. Dropping this removes it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    path: PathBuf,
    /// Device and inode: another server may have replaced the file since.
    file: (u64, u64),
}

impl Endpoint {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: identity(path)?,
        })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Fails if another process has removed it in the meantime.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Binds a socket in a directory that no other user can enter; also returns the guard of its file.
pub(crate) fn bind_unix(path: &Path) -> Result<(UnixListener, Endpoint), BindUnixError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_private(directory)?;
    remove_stale(path)?;
    let socket = UnixListener::bind(path)?;
    let endpoint = Endpoint::new(path)?;
    socket.set_nonblocking(true)?;
    Ok((socket, endpoint))
}

/// Creates the directory if it does not exist. An existing one must belong to this user and be closed to others: not
/// all systems check the mode of the socket itself.
fn make_private(directory: &Path) -> Result<(), BindUnixError> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let metadata = fs::metadata(directory)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(BindUnixError::PublicDirectory(directory.to_owned()));
    }
    Ok(())
}

/// Removes a socket without a listener. Anything else is kept, and binding fails.
fn remove_stale(path: &Path) -> Result<(), BindUnixError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => {}
        _ => return Ok(()),
    }
    // A file is left behind by a server that was killed. Only a connect can tell it from the file of one that runs.
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(fs::remove_file(path)?)
        }
        _ => Err(BindUnixError::InUse(path.to_owned())),
    }
}
