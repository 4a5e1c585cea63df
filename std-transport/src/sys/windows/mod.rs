//! The calls of Windows. `calls` is the only module of this project with `unsafe` code that is published: there is no
//! safe library for jobs, console events and overlapped pipes that does not bring a far larger one.

mod calls;
mod files;
mod pipes;
mod process;
mod refused;
mod socket;
mod stderr;
mod stdio;
mod unix_socket;

#[cfg(feature = "self-exec")]
pub(crate) use files::executable_path;
#[cfg(feature = "tls")]
pub(crate) use files::open_trusted;
pub(crate) use files::{
    create_secret, is_separator, open_secret, os_bytes, os_string, private_directory, read_at,
};
pub(crate) use pipes::{Interrupt, PipePair, PipeReader, PipeWriter};
pub(crate) use process::{ExitWatch, Tree, end_of, prepare, signal_name};
pub(crate) use refused::refused;
pub(crate) use socket::{
    StopReader, StopWriter, connect_tcp, cut_tcp, fd_of, is_closed, is_exhaustion, is_own_user,
    peek, receive, send, set_keepalive, stop_pair, timespec,
};
pub(crate) use stderr::{Errors, errors_pipe};
pub(crate) use stdio::{join_streams, nice, open_tty, take_stdio};
pub(crate) use unix_socket::{
    Endpoint, UnixListener, UnixStream, bind_unix, connect_unix, cut_unix, peer_process,
};
