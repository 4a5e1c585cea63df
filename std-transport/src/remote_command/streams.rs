//! The standard streams of a remote command: items of bytes, each of which the receiver confirms.

use std::io::{self, BufRead, Read, Write};

use execnet_core_sync::{Channel, Item, ReceiveError};
use execnet_serializer::{Bytes, Value};

use super::error::CommandError;

/// Number of chunks that were sent and not confirmed.
const WINDOW: usize = 16;

/// Maximal size of a chunk.
const CHUNK: usize = 64 * 1024;

/// What a command writes.
pub(super) struct Output {
    channel: Channel,
    chunk: Vec<u8>,
    read: usize,
}

impl Output {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            chunk: Vec::new(),
            read: 0,
        }
    }
}

/// Lets the command write another chunk.
pub(super) fn confirm(channel: &Channel) {
    // An error means that the command has written everything, or that the connection is lost: the next item tells.
    let _ = channel.send(());
}

/// The content of an item; nothing if the worker sends something else.
pub(super) fn bytes(item: Item) -> Vec<u8> {
    match item.into_value() {
        Value::Bytes(bytes) => bytes,
        _ => Vec::new(),
    }
}

impl BufRead for Output {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read >= self.chunk.len() {
            self.read = 0;
            self.chunk.clear();
            match self.channel.receive() {
                Ok(item) => self.chunk = bytes(item),
                Err(ReceiveError::Closed) => return Ok(&[]),
                Err(error) => return Err(CommandError::from(error).into_io()),
            }
            confirm(&self.channel);
        }
        Ok(self.chunk.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.read = self.read.saturating_add(amount);
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// What a command reads. Dropping it ends its standard input.
pub(super) struct Input {
    channel: Channel,
    /// Number of chunks that were sent and not confirmed.
    ahead: usize,
}

impl Input {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, ahead: 0 }
    }

    /// Waits until at most `ahead` chunks are not confirmed.
    fn wait(&mut self, ahead: usize) -> io::Result<()> {
        while self.ahead > ahead {
            match self.channel.receive() {
                Ok(_) => self.ahead -= 1,
                Err(ReceiveError::Closed) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) => return Err(CommandError::from(error).into_io()),
            }
        }
        Ok(())
    }
}

impl Write for Input {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        self.wait(WINDOW - 1)?;
        let chunk = data.get(..CHUNK).unwrap_or(data);
        let sent = self.channel.send(Bytes(chunk));
        sent.map_err(|error| match error.is_closed() {
            true => io::ErrorKind::BrokenPipe.into(),
            false => CommandError::from(error).into_io(),
        })?;
        self.ahead += 1;
        Ok(chunk.len())
    }

    /// Waits until the pipe of the command has taken everything.
    fn flush(&mut self) -> io::Result<()> {
        self.wait(0)
    }
}
