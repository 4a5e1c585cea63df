//! A way to a worker, sealed; and its two ends once it is a link.
//!
//! Both ends share the session under a lock that nobody holds while he waits for the network. Only the writing end
//! sends: what reading gives rise to goes out in front of the next frame.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};

use super::Session;
use crate::bootstrap::{Duplex, Progress};
use crate::socket::target::Split;
use crate::sync::Mutex;

/// Sealed bytes that are read at a time: a record has 16 KiB at most, and its head.
const PIECE: usize = 32 * 1024;

/// So many sealed bytes may wait for the network before more are sealed.
const UNSENT: usize = 64 * 1024;

/// A way through which everything is sealed.
#[derive(Debug)]
pub(crate) struct TlsDuplex<W> {
    inner: W,
    session: Session,
    unsent: Vec<u8>,
}

impl<W: Duplex> TlsDuplex<W> {
    pub(crate) fn new(inner: W, session: Session) -> Self {
        Self {
            inner,
            session,
            unsent: Vec::new(),
        }
    }

    /// How many sealed bytes wait for the network, and whether more are to be sealed.
    pub(crate) fn unsent(&self) -> (usize, bool) {
        (self.unsent.len(), self.session.wants_write())
    }

    /// Sends what is to be sent for the session, as far as the network takes it now. True once nothing is left.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        self.session.seal(&[], &mut self.unsent)?;
        while !self.unsent.is_empty() {
            let progress = self.inner.transfer(&self.unsent, &mut [], Duration::ZERO)?;
            if progress.sent == 0 {
                return Ok(false);
            }
            self.unsent.drain(..progress.sent.min(self.unsent.len()));
        }
        Ok(true)
    }

    /// Ends the session with this text; returns what is to be sent.
    pub(crate) fn farewell(mut self, text: &[u8]) -> Vec<u8> {
        self.session.farewell(text, &mut self.unsent);
        self.unsent
    }

    /// One turn of sealed bytes; false at the end of what comes.
    fn exchange(&mut self, timeout: Duration) -> io::Result<bool> {
        let mut sealed = [0; PIECE];
        let progress = self.inner.transfer(&self.unsent, &mut sealed, timeout)?;
        self.unsent.drain(..progress.sent.min(self.unsent.len()));
        let Some(size) = progress.received else {
            return Ok(true);
        };
        let opened = self.session.open(sealed.get(..size).unwrap_or_default());
        if opened.is_err() {
            // Says why. Whether the peer hears it is its own matter.
            let _ = self.session.seal(&[], &mut self.unsent);
            let _ = self.inner.transfer(&self.unsent, &mut [], Duration::ZERO);
        }
        opened.map(|()| size > 0)
    }
}

impl<W: Duplex> Duplex for TlsDuplex<W> {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        let plain = if self.unsent.len() < UNSENT {
            unsent
        } else {
            &[]
        };
        let sent = self.session.seal(plain, &mut self.unsent)?;
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

/// The end that opens.
#[derive(Debug)]
pub(crate) struct TlsReader<R> {
    inner: R,
    session: Arc<Mutex<Session>>,
}

impl<R: Read> Read for TlsReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut sealed = [0; PIECE];
        loop {
            if let Some(size) = self.session.lock().take(buffer) {
                return Ok(size);
            }
            match self.inner.read(&mut sealed)? {
                // Whoever ends by himself says so first.
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                size => {
                    let sealed = sealed.get(..size).unwrap_or_default();
                    self.session.lock().open(sealed)?;
                }
            }
        }
    }
}

/// The end that seals. Dropping it says that nothing more comes.
#[derive(Debug)]
pub(crate) struct TlsWriter<W: Write> {
    inner: W,
    session: Arc<Mutex<Session>>,
    /// Sealed, and still to be sent.
    unsent: Vec<u8>,
}

impl<W: Write> Write for TlsWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let size = self.session.lock().seal(bytes, &mut self.unsent)?;
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
        // Where the connection is gone there is nobody to tell.
        if self.session.lock().close(&mut self.unsent).is_ok() {
            let _ = self.inner.write_all(&self.unsent);
        }
    }
}
