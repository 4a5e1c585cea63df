//! The streams of a proxied worker: a duplex stream during bootstrap, then the two ends of a link.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::sync::mpsc::Sender;

use execnet_core_sync::{Channel, ReceiveError};
use execnet_serializer::Value;

use crate::bootstrap::{Duplex, Progress};
use crate::proxy::state::Shared;
use crate::proxy::uplink::Outgoing;
use crate::socket::Split;

/// Both directions.
#[derive(Debug)]
pub(crate) struct ProxyDuplex {
    pub(super) reader: ProxyReader,
    pub(super) writer: ProxyWriter,
}

impl Duplex for ProxyDuplex {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        if !unsent.is_empty() {
            // The uplink thread sends it: this never blocks.
            self.writer.send(unsent.to_vec());
            return Ok(Progress {
                sent: unsent.len(),
                received: None,
            });
        }
        let received = self.reader.read_within(buffer, Some(timeout))?;
        Ok(Progress { sent: 0, received })
    }
}

impl Split for ProxyDuplex {
    type Reader = ProxyReader;
    type Writer = ProxyWriter;

    fn split(self) -> (ProxyReader, ProxyWriter) {
        (self.reader, self.writer)
    }
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct ProxyReader {
    data: Channel,
    /// The received item; its first `taken` bytes have been read.
    item: Vec<u8>,
    taken: usize,
}

impl ProxyReader {
    pub(super) fn new(data: Channel) -> Self {
        Self {
            data,
            item: Vec::new(),
            taken: 0,
        }
    }

    /// `None` if nothing comes in that time.
    fn read_within(
        &mut self,
        buffer: &mut [u8],
        timeout: Option<Duration>,
    ) -> io::Result<Option<usize>> {
        // In a loop, as an item may be empty: to return 0 bytes would mean the end.
        while self.taken == self.item.len() {
            let received = match timeout {
                Some(timeout) => self.data.receive_timeout(timeout),
                None => self.data.receive(),
            };
            match received {
                Ok(item) => self.take(item.into_value())?,
                Err(ReceiveError::Closed) => return Ok(Some(0)),
                Err(ReceiveError::Timeout) => return Ok(None),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let unread = self.item.get(self.taken..).unwrap_or_default();
        let size = unread.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..size), unread.get(..size));
        to.unwrap_or_default()
            .copy_from_slice(from.unwrap_or_default());
        self.taken += size;
        Ok(Some(size))
    }

    fn take(&mut self, received: Value) -> io::Result<()> {
        self.item = bytes(received).ok_or_else(|| {
            let problem = "the proxy sent an item that is not bytes";
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        self.taken = 0;
        Ok(())
    }
}

/// A text item; under some strings settings of the gateway it arrives as bytes.
pub(super) fn text(item: Value) -> Option<String> {
    match item {
        Value::Str(text) => Some(text.into()),
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// A bytes item. Python 2 has one type for bytes and text: its bytes arrive as text, a character for each byte.
pub(super) fn bytes(item: Value) -> Option<Vec<u8>> {
    match item {
        Value::Bytes(bytes) => Some(bytes),
        Value::Str(text) => {
            let bytes = text.chars().map(|character| u8::try_from(character).ok());
            bytes.collect()
        }
        _ => None,
    }
}

impl Read for ProxyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_within(buffer, None)?.unwrap_or(0))
    }
}

/// Standard input. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct ProxyWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) outgoing: Sender<Outgoing>,
}

impl ProxyWriter {
    fn send(&self, bytes: Vec<u8>) {
        // Fails if the uplink thread has ended because the proxy is gone: the reader reports that.
        let _ = self.outgoing.send(Outgoing::Bytes(bytes));
    }
}

impl Write for ProxyWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.shared.reserve(bytes.len()) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ProxyWriter {
    fn drop(&mut self) {
        let _ = self.outgoing.send(Outgoing::End);
    }
}
