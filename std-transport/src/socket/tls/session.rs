//! One end of a TLS connection, without I/O.

use core::ops::RangeInclusive;
use std::io::{self, Read as _, Write as _};

use rustls::Connection;

use super::broken;
use crate::error::{BootstrapErrorKind, LinkFailure};
use crate::printable::printable;

/// Encrypts and decrypts the bytes of a connection.
#[derive(Debug)]
pub(crate) struct TlsSession {
    connection: Connection,
    /// Decrypted bytes, of which the first `taken` have been read.
    plaintext: Vec<u8>,
    taken: usize,
    /// The peer has sent close_notify.
    ended: bool,
    /// Whether bytes have been received.
    received: bool,
}

/// The record types of TLS 1.3, which are the first byte of a record.
const RECORD_TYPES: RangeInclusive<u8> = 20..=23;

/// Number of bytes shown of a reply that is not TLS.
const SHOWN: usize = 200;

impl TlsSession {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            plaintext: Vec::new(),
            taken: 0,
            ended: false,
            received: false,
        }
    }

    /// Whether there are bytes to send that [`encrypt`](Self::encrypt) has not returned yet.
    pub(super) fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Exported keying material of this session. Fails before the handshake is complete.
    pub(super) fn binding(&self) -> io::Result<Vec<u8>> {
        let bytes = [0; 32];
        let exported =
            self.connection
                .export_keying_material(bytes, b"EXPORTER-execnet-token", None);
        exported.map(|bytes| bytes.to_vec()).map_err(broken)
    }

    /// Ends the session with this text in a form that the peer can read: in plain while nothing has been received, and
    /// not at all during the handshake.
    pub(super) fn close_with(&mut self, text: &[u8], ciphertext: &mut Vec<u8>) {
        if !self.received {
            ciphertext.extend_from_slice(text);
            return;
        }
        if !self.connection.is_handshaking() {
            // A text that does not fit is cut; texts are short.
            let _ = self.encrypt(text, ciphertext);
        }
        let _ = self.close(ciphertext);
    }

    /// Encrypts some of `bytes`, appends what must be sent to `ciphertext`, and returns how many it took. Before the
    /// handshake is complete they are buffered.
    pub(super) fn encrypt(&mut self, bytes: &[u8], ciphertext: &mut Vec<u8>) -> io::Result<usize> {
        let size = match bytes {
            [] => 0,
            bytes => self.connection.writer().write(bytes)?,
        };
        self.emit(ciphertext)?;
        Ok(size)
    }

    /// Sends close_notify.
    pub(super) fn close(&mut self, ciphertext: &mut Vec<u8>) -> io::Result<()> {
        self.connection.send_close_notify();
        self.emit(ciphertext)
    }

    fn emit(&mut self, ciphertext: &mut Vec<u8>) -> io::Result<()> {
        while self.connection.wants_write() {
            // Writing to a Vec does not fail.
            self.connection.write_tls(ciphertext)?;
        }
        Ok(())
    }

    /// Decrypts what the peer has sent. After an error, [`encrypt`](Self::encrypt) returns the alert to send.
    pub(super) fn decrypt(&mut self, mut ciphertext: &[u8]) -> io::Result<()> {
        if let (false, [first, ..]) = (self.received, ciphertext) {
            self.received = true;
            // For a better error than that of rustls: the server has refused in plain text, or is of another kind.
            if !RECORD_TYPES.contains(first) && matches!(self.connection, Connection::Client(_)) {
                return Err(no_tls(ciphertext));
            }
        }
        while !ciphertext.is_empty() && !self.ended {
            self.connection.read_tls(&mut ciphertext)?;
            let state = self.connection.process_new_packets().map_err(broken)?;
            let size = state.plaintext_bytes_to_read();
            self.ended = state.peer_has_closed();
            self.keep(size)?;
        }
        Ok(())
    }

    fn keep(&mut self, size: usize) -> io::Result<()> {
        let start = self.plaintext.len();
        self.plaintext.resize(start + size, 0);
        let room = self.plaintext.get_mut(start..).unwrap_or_default();
        self.connection.reader().read_exact(room)
    }

    /// Reads decrypted bytes: 0 at the end, `None` if there are none yet.
    pub(super) fn take(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let unread = self.plaintext.get(self.taken..).unwrap_or_default();
        if unread.is_empty() {
            return self.ended.then_some(0);
        }
        let size = unread.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..size), unread.get(..size));
        to.unwrap_or_default()
            .copy_from_slice(from.unwrap_or_default());
        self.taken += size;
        if self.taken == self.plaintext.len() {
            self.plaintext.clear();
            self.taken = 0;
        }
        Some(size)
    }
}

/// The text of a server that does not speak TLS may say why.
fn no_tls(said: &[u8]) -> io::Error {
    let said = said.get(..SHOWN).unwrap_or(said);
    let text = format!("it speaks no TLS, and said: {}", printable(said).trim_end());
    io::Error::other(LinkFailure::new(BootstrapErrorKind::UnexpectedOutput, text))
}
