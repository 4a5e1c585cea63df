//! The calls of Unix systems.

mod endpoint;
mod files;
mod pipes;
mod private;
mod process;
mod socket;
mod stderr;
mod stdio;
mod trusted;
mod tty;
mod wait;

pub(crate) use std::os::unix::net::{UnixListener, UnixStream};

pub(crate) use endpoint::{Endpoint, bind_unix};
#[cfg(feature = "self-exec")]
pub(crate) use files::executable_path;
pub(crate) use files::{create_secret, is_separator, os_bytes, os_string, read_at};
pub(crate) use pipes::PipePair;
pub(crate) use private::private_directory;
pub(crate) use process::{Tree, end_of, prepare, signal_name};
pub(crate) use socket::{
    StopReader, StopWriter, connect_tcp, connect_unix, cut_tcp, cut_unix, fd_of, is_closed, is_cut,
    is_exhaustion, is_own_user, peek, peer_process, receive, send, set_keepalive, stop_pair,
};
pub(crate) use stderr::{Errors, errors_pipe};
pub(crate) use stdio::{join_streams, nice, take_stdio};
pub(crate) use trusted::open_secret;
#[cfg(feature = "tls")]
pub(crate) use trusted::open_trusted;
pub(crate) use tty::open_tty;
pub(crate) use wait::{ExitWatch, Woken, timespec};

/// Why this key of specs cannot be used on this system; `None` if it can.
pub(crate) fn refused(_key: &str) -> Option<&'static str> {
    None
}
