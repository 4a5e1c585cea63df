//! The streams of a far process: as a way to a worker in the making, then as the ends of a link.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::sync::mpsc::Sender;

use execnet_core_sync::{Channel, ReceiveError};
use execnet_serializer::Value;

use crate::bootstrap::{Turn, Wire};
use crate::relay::sender::Out;
use crate::relay::state::Shared;
use crate::socket::Split;

/// Both directions.
#[derive(Debug)]
pub(crate) struct RelayWire {
    pub(super) reader: RelayReader,
    pub(super) writer: RelayWriter,
}

impl Wire for RelayWire {
    fn turn(&mut self, unsent: &[u8], buffer: &mut [u8], patience: Duration) -> io::Result<Turn> {
        if !unsent.is_empty() {
            // A thread of its own sends it: this never waits.
            self.writer.send(unsent.to_vec());
            return Ok(Turn {
                sent: unsent.len(),
                received: None,
            });
        }
        let received = self.reader.read_within(buffer, Some(patience))?;
        Ok(Turn { sent: 0, received })
    }
}

impl Split for RelayWire {
    type Reader = RelayReader;
    type Writer = RelayWriter;

    fn split(self) -> (RelayReader, RelayWriter) {
        (self.reader, self.writer)
    }
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct RelayReader {
    data: Channel,
    /// What came and was not taken yet, from an offset on.
    piece: Vec<u8>,
    taken: usize,
}

impl RelayReader {
    pub(super) fn new(data: Channel) -> Self {
        Self {
            data,
            piece: Vec::new(),
            taken: 0,
        }
    }

    /// None when nothing comes in that time.
    fn read_within(
        &mut self,
        buffer: &mut [u8],
        patience: Option<Duration>,
    ) -> io::Result<Option<usize>> {
        while self.taken == self.piece.len() {
            let received = match patience {
                Some(patience) => self.data.receive_timeout(patience),
                None => self.data.receive(),
            };
            match received {
                Ok(item) => self.take(item.into_value())?,
                Err(ReceiveError::Closed) => return Ok(Some(0)),
                Err(ReceiveError::Timeout) => return Ok(None),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let unread = self.piece.get(self.taken..).unwrap_or_default();
        let size = unread.len().min(buffer.len());
        let (to, from) = (buffer.get_mut(..size), unread.get(..size));
        to.unwrap_or_default()
            .copy_from_slice(from.unwrap_or_default());
        self.taken += size;
        Ok(Some(size))
    }

    fn take(&mut self, item: Value) -> io::Result<()> {
        self.piece = bytes(item).ok_or_else(|| {
            let problem = "the relay sent something else than bytes";
            io::Error::new(io::ErrorKind::InvalidData, problem)
        })?;
        self.taken = 0;
        Ok(())
    }
}

/// The gateway's settings may have text come as bytes.
pub(super) fn text(item: Value) -> Option<String> {
    match item {
        Value::Str(text) => Some(text.into()),
        Value::Bytes(bytes) => String::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Python 2 has one type for bytes and text: its bytes come as text of as many characters.
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

impl Read for RelayReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.read_within(buffer, None)?.unwrap_or(0))
    }
}

/// Standard input. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct RelayWriter {
    pub(super) shared: Arc<Shared>,
    pub(super) outgoing: Sender<Out>,
}

impl RelayWriter {
    fn send(&self, bytes: Vec<u8>) {
        // Without the thread that takes it the middle is gone: whoever reads learns of that.
        let _ = self.outgoing.send(Out::Bytes(bytes));
    }
}

impl Write for RelayWriter {
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

impl Drop for RelayWriter {
    fn drop(&mut self) {
        let _ = self.outgoing.send(Out::End);
    }
}
