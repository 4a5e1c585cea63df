//! A duplex stream over TLS, and its two ends once it is a link.
//!
//! Both ends share the session under a lock that is never held during I/O. Only the writing end sends: replies to what
//! was read go out before the next frame.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};

use super::TlsSession;
use crate::bootstrap::{Duplex, Progress};
use crate::socket::target::Split;
use crate::sync::Mutex;

/// Maximum number of encrypted bytes read at a time: a record has at most 16 KiB and its header.
const PIECE: usize = 32 * 1024;

/// Maximum number of encrypted bytes that wait for the network.
const UNSENT: usize = 64 * 1024;

/// A duplex stream whose bytes are encrypted.
#[derive(Debug)]
pub(crate) struct TlsDuplex<W> {
    inner: W,
    session: TlsSession,
    unsent: Vec<u8>,
}

impl<W: Duplex> TlsDuplex<W> {
    pub(crate) fn new(inner: W, session: TlsSession) -> Self {
        Self {
            inner,
            session,
            unsent: Vec::new(),
        }
    }

    /// Number of encrypted bytes that wait for the network, and whether the session has more to send.
    pub(crate) fn unsent(&self) -> (usize, bool) {
        (self.unsent.len(), self.session.wants_write())
    }

    /// Sends what the session has to send, without waiting. Returns whether everything has been sent.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        self.session.encrypt(&[], &mut self.unsent)?;
        while !self.unsent.is_empty() {
            let progress = self.inner.transfer(&self.unsent, &mut [], Duration::ZERO)?;
            if progress.sent == 0 {
                return Ok(false);
            }
            self.unsent.drain(..progress.sent.min(self.unsent.len()));
        }
        Ok(true)
    }

    /// Ends the session with this text; returns the bytes to send.
    pub(crate) fn closing_bytes(mut self, text: &[u8]) -> Vec<u8> {
        self.session.close_with(text, &mut self.unsent);
        self.unsent
    }

    /// Transfers encrypted bytes once; returns false at the end of input.
    fn exchange(&mut self, timeout: Duration) -> io::Result<bool> {
        let mut ciphertext = [0; PIECE];
        let progress = self
            .inner
            .transfer(&self.unsent, &mut ciphertext, timeout)?;
        self.unsent.drain(..progress.sent.min(self.unsent.len()));
        let Some(size) = progress.received else {
            return Ok(true);
        };
        let plaintext = self
            .session
            .decrypt(ciphertext.get(..size).unwrap_or_default());
        if plaintext.is_err() {
            // The alert. Its delivery is best effort.
            let _ = self.session.encrypt(&[], &mut self.unsent);
            let _ = self.inner.transfer(&self.unsent, &mut [], Duration::ZERO);
        }
        plaintext.map(|()| size > 0)
    }
}

impl<W: Duplex> Duplex for TlsDuplex<W> {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        // No more is encrypted while the network takes nothing: `unsent` would grow with the payload.
        let bytes = if self.unsent.len() < UNSENT {
            unsent
        } else {
            &[]
        };
        let sent = self.session.encrypt(bytes, &mut self.unsent)?;
        // Decrypted bytes first: the socket does not become readable for them again.
        let mut received = self.session.take(buffer);
        if received.is_none() {
            let more = self.exchange(timeout)?;
            received = self.session.take(buffer).or((!more).then_some(0));
        }
        Ok(Progress { sent, received })
    }
}

impl<W: Split> Split for TlsDuplex<W> {
    type Reader = TlsReader<W::Reader>;
    type Writer = TlsWriter<W::Writer>;

    fn split(self) -> (Self::Reader, Self::Writer) {
        let session = Arc::new(Mutex::new(self.session));
        let (reader, writer) = self.inner.split();
        let reader = TlsReader {
            inner: reader,
            session: Arc::clone(&session),
        };
        let writer = TlsWriter {
            inner: writer,
            session,
            unsent: self.unsent,
        };
        (reader, writer)
    }

    fn binding(&self) -> io::Result<Vec<u8>> {
        self.session.binding()
    }
}

/// The reading end.
#[derive(Debug)]
pub(crate) struct TlsReader<R> {
    inner: R,
    session: Arc<Mutex<TlsSession>>,
}

impl<R: Read> Read for TlsReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ciphertext = [0; PIECE];
        loop {
            if let Some(size) = self.session.lock().take(buffer) {
                return Ok(size);
            }
            match self.inner.read(&mut ciphertext)? {
                // Without close_notify the stream may have been truncated.
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                size => {
                    let ciphertext = ciphertext.get(..size).unwrap_or_default();
                    self.session.lock().decrypt(ciphertext)?;
                }
            }
        }
    }
}

/// The writing end. Dropping it sends close_notify.
#[derive(Debug)]
pub(crate) struct TlsWriter<W: Write> {
    inner: W,
    session: Arc<Mutex<TlsSession>>,
    /// Encrypted bytes still to be sent.
    unsent: Vec<u8>,
}

impl<W: Write> Write for TlsWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.session.lock().encrypt(bytes, &mut self.unsent)?;
        // Without the session's lock: while this write blocks, the reading end must continue, or two ends that both
        // write would block each other.
        self.inner.write_all(&self.unsent)?;
        self.unsent.clear();
        Ok(size)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Drop for TlsWriter<W> {
    fn drop(&mut self) {
        // Best effort: the connection may be gone.
        if self.session.lock().close(&mut self.unsent).is_ok() {
            let _ = self.inner.write_all(&self.unsent);
        }
    }
}
