//! Unix sockets, of which there are none here: no value of these types exists. They let the code for sockets be the
//! same on all systems.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::path::Path;

use super::socket::Step;
use crate::sys::BindUnixError;

#[derive(Debug)]
pub(crate) enum UnixStream {}

#[derive(Debug)]
pub(crate) enum UnixListener {}

/// The file of a listening socket.
#[derive(Debug)]
pub(crate) enum Endpoint {}

impl Drop for Endpoint {
    fn drop(&mut self) {
        match *self {}
    }
}

fn unsupported() -> io::Error {
    let problem = "there are no Unix sockets on Windows: use a loopback address with a token";
    io::Error::new(io::ErrorKind::Unsupported, problem)
}

pub(crate) fn bind_unix(_path: &Path) -> Result<(UnixListener, Endpoint), BindUnixError> {
    Err(unsupported().into())
}

pub(crate) fn connect_unix(
    _path: &str,
    _wait: impl FnOnce(Step<'_>) -> io::Result<()>,
) -> io::Result<UnixStream> {
    Err(unsupported())
}

pub(crate) fn cut_unix(stream: &UnixStream) {
    match *stream {}
}

pub(crate) fn peer_process(stream: &UnixStream) -> Option<(i32, u32)> {
    match *stream {}
}

impl UnixListener {
    pub(crate) fn accept(&self) -> io::Result<(UnixStream, ())> {
        match *self {}
    }
}

impl UnixStream {
    pub(crate) fn shutdown(&self, _how: Shutdown) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn set_nonblocking(&self, _on: bool) -> io::Result<()> {
        match *self {}
    }
}

impl Read for &UnixStream {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        match **self {}
    }
}

impl Write for &UnixStream {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        match **self {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match **self {}
    }
}

impl AsSocket for UnixStream {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match *self {}
    }
}

impl AsSocket for UnixListener {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match *self {}
    }
}
