//! One end of a TLS connection, without any input and output.

use core::ops::RangeInclusive;
use std::io::{self, Read as _, Write as _};

use rustls::Connection;

use super::broken;
use crate::error::NoTls;
use crate::printable::printable;

/// Turns plain bytes into sealed ones and back.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    /// What was opened and not taken yet, from an offset on.
    opened: Vec<u8>,
    taken: usize,
    /// The peer has said that nothing more comes.
    ended: bool,
    /// Whether something has come.
    begun: bool,
}

/// What stands at the beginning of a record: the first and the last of the types of TLS 1.3.
const RECORD_TYPES: RangeInclusive<u8> = 20..=23;

/// Number of bytes that are shown of what is not TLS.
const SHOWN: usize = 200;

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            opened: Vec::new(),
            taken: 0,
            ended: false,
            begun: false,
        }
    }

    /// Whether something is to be sent that [`seal`](Self::seal) has not given out yet.
    pub(super) fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Bytes that only the two ends of this session know. There are none before the handshake is over.
    pub(super) fn binding(&self) -> io::Result<Vec<u8>> {
        let bytes = [0; 32];
        let exported =
            self.connection
                .export_keying_material(bytes, b"EXPORTER-execnet-token", None);
        exported.map(|bytes| bytes.to_vec()).map_err(broken)
    }

    /// Ends the session with this text, in a form that the peer can read now: without TLS as long as nothing has come
    /// from it, and not at all in the midst of the handshake.
    pub(super) fn farewell(&mut self, text: &[u8], sealed: &mut Vec<u8>) {
        if !self.begun {
            sealed.extend_from_slice(text);
            return;
        }
        if !self.connection.is_handshaking() {
            // What does not fit is lost; texts are short.
            let _ = self.seal(text, sealed);
        }
        let _ = self.close(sealed);
    }

    /// Takes plain bytes, not always all; what is to be sent for them is appended to `sealed`. Before the handshake is
    /// over they are kept.
    pub(super) fn seal(&mut self, plain: &[u8], sealed: &mut Vec<u8>) -> io::Result<usize> {
        let size = match plain {
            [] => 0,
            plain => self.connection.writer().write(plain)?,
        };
        self.emit(sealed)?;
        Ok(size)
    }

    /// Says that nothing more comes.
    pub(super) fn close(&mut self, sealed: &mut Vec<u8>) -> io::Result<()> {
        self.connection.send_close_notify();
        self.emit(sealed)
    }

    fn emit(&mut self, sealed: &mut Vec<u8>) -> io::Result<()> {
        while self.connection.wants_write() {
            // A Vec takes everything.
            self.connection.write_tls(sealed)?;
        }
        Ok(())
    }

    /// Takes what the peer has sent. After an error, what is to be told to the peer is to be had by [`seal`](Self::seal).
    pub(super) fn open(&mut self, mut sealed: &[u8]) -> io::Result<()> {
        if let (false, [first, ..]) = (self.begun, sealed) {
            self.begun = true;
            if !RECORD_TYPES.contains(first) && matches!(self.connection, Connection::Client(_)) {
                return Err(no_tls(sealed));
            }
        }
        while !sealed.is_empty() && !self.ended {
            self.connection.read_tls(&mut sealed)?;
            let state = self.connection.process_new_packets().map_err(broken)?;
            let size = state.plaintext_bytes_to_read();
            self.ended = state.peer_has_closed();
            self.keep(size)?;
        }
        Ok(())
    }

    fn keep(&mut self, size: usize) -> io::Result<()> {
        let start = self.opened.len();
        self.opened.resize(start + size, 0);
        let room = self.opened.get_mut(start..).unwrap_or_default();
        self.connection.reader().read_exact(room)
    }

    /// Plain bytes that have come, as many as fit; zero at the end, none if there is nothing yet.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let unread = self.opened.get(self.taken..).unwrap_or_default();
        if unread.is_empty() {
            return self.ended.then_some(0);
        }
        let size = unread.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..size), unread.get(..size));
        to.unwrap_or_default()
            .copy_from_slice(from.unwrap_or_default());
        self.taken += size;
        if self.taken == self.opened.len() {
            self.opened.clear();
            self.taken = 0;
        }
        Some(size)
    }
}

/// A server that speaks something else may have said why.
fn no_tls(said: &[u8]) -> io::Error {
    let said = said.get(..SHOWN).unwrap_or(said);
    let text = format!("it speaks no TLS, and said: {}", printable(said).trim_end());
    io::Error::other(NoTls(text))
}
