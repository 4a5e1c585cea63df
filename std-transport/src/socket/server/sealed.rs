//! Connections with TLS: this process is between the client and its worker.

use alloc::sync::Arc;
use std::io;

use super::run::{REFUSAL_PATIENCE, supervise};
use super::{Sealed, ServerEvent, Shared, worker};
use crate::bootstrap::Wire as _;
use crate::deadline::Deadline;
use crate::process::Started;
use crate::socket::greeting::{Refusal, check};
use crate::socket::stream::{Stream, StreamWire};
use crate::socket::target::Split as _;
use crate::socket::tls::TlsWire;

/// Serves a connection until its worker has ended.
pub(super) fn serve(
    shared: &Shared,
    sealed: &Sealed,
    number: u64,
    stream: &Arc<Stream>,
    peer: &str,
) -> Result<(), Refusal> {
    let deadline = Deadline::after(shared.options.handshake_timeout);
    let session = sealed.side.session().map_err(io::Error::other);
    let wire = StreamWire(Arc::clone(stream));
    let mut wire = TlsWire::new(wire, session.map_err(Refusal::Io)?);
    if let Err(refusal) = check(&mut wire, sealed.token.as_ref(), deadline) {
        say(&mut wire, &refusal);
        return Err(refusal);
    }
    let started = worker::start_piped(&shared.launches, peer).map_err(Refusal::Worker)?;
    let Started {
        process,
        stdin,
        stdout,
    } = started;
    if !shared.assign(number, &process) {
        return Ok(());
    }
    let (reader, writer) = wire.split();
    worker::pump(format!("{peer} in"), reader, stdin).map_err(Refusal::Worker)?;
    let drained = worker::pump(format!("{peer} out"), stdout, writer).map_err(Refusal::Worker)?;
    shared.tell(ServerEvent::Accepted {
        peer: peer.to_owned(),
    });
    let exit = supervise(&process, stream, shared.options.linger);
    // What the worker said last is on its way still.
    let _ = drained.recv_timeout(shared.options.linger);
    stream.shutdown(std::net::Shutdown::Both);
    shared.tell(ServerEvent::Ended {
        peer: peer.to_owned(),
        exit,
    });
    Ok(())
}

/// Tells the client why, if it has got so far as to understand it.
fn say(wire: &mut TlsWire<StreamWire>, refusal: &Refusal) {
    let text = format!("execnet: refused: {refusal}\n");
    let deadline = Deadline::after(REFUSAL_PATIENCE);
    // What it sends itself is of no interest any more.
    let mut ignored = [0; 4096];
    let told = wire.turn(text.as_bytes(), &mut ignored, REFUSAL_PATIENCE);
    if told.is_ok() {
        let _ = wire.flush(deadline);
    }
}
