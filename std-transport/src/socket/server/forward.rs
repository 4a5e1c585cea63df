//! Forwarding bytes between a client and its worker, for connections that the worker cannot read by itself.

use std::io::{self, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::attach::End;
use crate::socket::target::Split;

/// Maximum number of bytes forwarded at a time.
const CHUNK: usize = 16 * 1024;

/// The standard input and output of a worker.
#[derive(Debug)]
pub(super) struct Pipes(pub(super) ChildStdin, pub(super) ChildStdout);

/// Forwards both directions, each in a thread. The returned channel is closed when the worker's output has ended and
/// all of it has been sent. The end of the client's direction goes to `ends`.
pub(super) fn forward(
    peer: &str,
    duplex: impl Split,
    pipes: Pipes,
    ends: Sender<End>,
) -> io::Result<Receiver<()>> {
    let (reader, writer) = duplex.split();
    let ended = move |read: io::Result<()>| {
        let is_cut = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionReset;
        let cut = read.is_err_and(|error| is_cut(&error));
        // Fails if the worker has ended.
        let _ = ends.send(if cut { End::Cut } else { End::Client });
    };
    // This thread is not joined: it ends when the client or the worker does. If the other one cannot be started,
    // dropping the writing end shows the client the end of the connection.
    pump(format!("{peer} in"), reader, pipes.0, ended)?;
    pump(format!("{peer} out"), pipes.1, writer, |_| ())
}

/// Copies `from` to `to` in a thread, then drops both. The returned channel is closed when that is done. `ended` is called
/// with the result of the last read.
pub(super) fn pump(
    name: String,
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    ended: impl FnOnce(io::Result<()>) + Send + 'static,
) -> io::Result<Receiver<()>> {
    let (done, finished) = mpsc::channel();
    // Not io::copy: if it uses splice, it holds the lock of the pipe while it waits for input, and blocks the reader of
    // the pipe on that lock even if the pipe holds data.
    thread::Builder::new().name(name).spawn(move || {
        let mut chunk = vec![0; CHUNK];
        let mut open = true;
        let read = loop {
            match from.read(&mut chunk) {
                Ok(0) => break Ok(()),
                Err(error) => break Err(error),
                // Without a reader the rest is discarded, until the end of the other side shows.
                Ok(size) if open => {
                    open = to.write_all(chunk.get(..size).unwrap_or_default()).is_ok()
                }
                Ok(_) => {}
            }
        };
        // Signalled after the writer is closed, so that the receiver of the signal knows that all has been sent.
        drop(to);
        ended(read);
        drop(done);
    })?;
    Ok(finished)
}
