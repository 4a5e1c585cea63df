//! Connections whose bytes a worker cannot read by itself: this process is between the client and its worker.

use std::io;
use std::process::{ChildStdin, ChildStdout};
use std::sync::mpsc::Receiver;

use super::worker::pump;
use crate::socket::target::Split;

/// The standard input and output of a worker.
#[derive(Debug)]
pub(super) struct Pipes(pub(super) ChildStdin, pub(super) ChildStdout);

/// Passes everything on in two threads; what this returns is closed when all that the worker said has been sent.
pub(super) fn carry(peer: &str, duplex: impl Split, pipes: Pipes) -> io::Result<Receiver<()>> {
    let (reader, writer) = duplex.split();
    pump(format!("{peer} in"), reader, pipes.0)?;
    pump(format!("{peer} out"), pipes.1, writer)
}
