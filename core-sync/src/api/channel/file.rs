//! Files over a channel: what is written is items, and what is read comes from them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::io;

use execnet_serializer::{Bytes, Value};

use super::Channel;
use crate::api::Item;
use crate::error::{ReceiveError, SendError};

impl Channel {
    /// A writer that sends each write as one item.
    ///
    /// For fewer and larger items wrap it in a [`BufWriter`](io::BufWriter) or [`LineWriter`](io::LineWriter): the
    /// formatting macros write in many small pieces.
    #[must_use]
    pub fn make_file_write(&self) -> ChannelFileWrite {
        ChannelFileWrite {
            file: File::new(self),
            text: false,
            partial: Vec::new(),
        }
    }

    /// A reader of the content of items, which are bytes, or text as UTF-8. The end of the channel is the end of the file.
    #[must_use]
    pub fn make_file_read(&self) -> ChannelFileRead {
        ChannelFileRead {
            file: File::new(self),
            item: Vec::new(),
            read: 0,
        }
    }
}

/// The common part of both files.
struct File {
    channel: Channel,
    proxy_close: bool,
}

impl File {
    fn new(channel: &Channel) -> Self {
        let channel = channel.clone();
        Self {
            channel,
            proxy_close: false,
        }
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{name} {}>", self.channel)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // Explicitly: other handles of the channel may live on, and dropping this one would not close it.
        if self.proxy_close {
            self.channel.close();
        }
    }
}

/// A writer to a channel: see [`Channel::make_file_write`].
///
/// Dropping it leaves the channel open, unless [`proxy_close`](Self::proxy_close) was called.
///
/// ```no_run
/// # fn example(channel: execnet_core_sync::Channel) -> std::io::Result<()> {
/// use std::io::Write;
///
/// let mut file = std::io::LineWriter::new(channel.make_file_write().text());
/// writeln!(file, "{} of {}", 1, 2)?;
/// # Ok(())
/// # }
/// ```
pub struct ChannelFileWrite {
    file: File,
    text: bool,
    /// The first bytes of a character whose last byte was not written yet.
    partial: Vec<u8>,
}

impl ChannelFileWrite {
    /// Sends text instead of bytes, as a Python program expects that reads the channel as a file. The written bytes must be
    /// UTF-8; a character that is split between two writes is sent with its last byte.
    #[must_use]
    pub fn text(mut self) -> Self {
        self.text = true;
        self
    }

    /// Closes the channel when the file is dropped.
    #[must_use]
    pub fn proxy_close(mut self) -> Self {
        self.file.proxy_close = true;
        self
    }

    fn write_text(&mut self, bytes: &[u8]) -> io::Result<()> {
        let joined;
        let bytes = if self.partial.is_empty() {
            bytes
        } else {
            joined = [&self.partial, bytes].concat();
            &joined
        };
        let (text, rest) = whole_text(bytes)?;
        // Only complete characters: Python decodes each item on its own.
        if !text.is_empty() {
            self.file.channel.send(text).map_err(broken)?;
        }
        // After the send: if that fails, the same bytes can be written again.
        self.partial = rest.to_vec();
        Ok(())
    }
}

/// Splits off an incomplete character at the end.
fn whole_text(bytes: &[u8]) -> io::Result<(&str, &[u8])> {
    let whole = match str::from_utf8(bytes) {
        Ok(text) => return Ok((text, &[])),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
    };
    let (text, rest) = bytes.split_at(whole);
    let text = str::from_utf8(text);
    let text = text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok((text, rest))
}

impl io::Write for ChannelFileWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text {
            self.write_text(bytes)?;
        } else if !bytes.is_empty() {
            self.file.channel.send(Bytes(bytes)).map_err(broken)?;
        }
        Ok(bytes.len())
    }

    /// Does nothing: each write sends its item.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn broken(error: SendError) -> io::Error {
    let kind = match error {
        SendError::Encode(_) => io::ErrorKind::InvalidInput,
        _ => io::ErrorKind::BrokenPipe,
    };
    io::Error::new(kind, error)
}

/// A reader of a channel: see [`Channel::make_file_read`].
///
/// Dropping it leaves the channel open, unless [`proxy_close`](Self::proxy_close) was called. The unread rest of an item is
/// lost.
///
/// ```no_run
/// # fn example(channel: execnet_core_sync::Channel) -> std::io::Result<()> {
/// use std::io::BufRead;
///
/// for line in channel.make_file_read().lines() {
///     println!("{}", line?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct ChannelFileRead {
    file: File,
    /// The content of the last item.
    item: Vec<u8>,
    /// Number of bytes of `item` that were read.
    read: usize,
}

impl ChannelFileRead {
    /// Closes the channel when the file is dropped.
    #[must_use]
    pub fn proxy_close(mut self) -> Self {
        self.file.proxy_close = true;
        self
    }

    /// Receives the next item. Returns false at the end of the channel.
    fn next_item(&mut self) -> io::Result<bool> {
        let item = match self.file.channel.receive() {
            Ok(item) => item,
            // A lost connection is an error, and not the end of the file: the rest of the content is missing.
            Err(ReceiveError::Closed) => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        self.item = content(item)?;
        self.read = 0;
        Ok(true)
    }
}

fn content(item: Item) -> io::Result<Vec<u8>> {
    match item.into_value() {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Str(text) => Ok(String::from(text).into_bytes()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a channel file reads bytes and text, and the item is neither",
        )),
    }
}

fn failed(error: ReceiveError) -> io::Error {
    let kind = match error {
        ReceiveError::Disconnected(_) => io::ErrorKind::UnexpectedEof,
        ReceiveError::Item(_) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

impl io::BufRead for ChannelFileRead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        // A loop, because an empty buffer means the end of the file, and items can be empty.
        while self.read >= self.item.len() && self.next_item()? {}
        Ok(self.item.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.read = self.item.len().min(self.read.saturating_add(amount));
    }
}

impl io::Read for ChannelFileRead {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        use io::BufRead as _;
        let mut here = self.fill_buf()?;
        let read = here.read(room)?;
        self.consume(read);
        Ok(read)
    }
}

/// `<ChannelFileWrite <Channel id=1 open>>`
impl fmt::Debug for ChannelFileWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt("ChannelFileWrite", f)
    }
}

/// `<ChannelFileRead <Channel id=1 open>>`
impl fmt::Debug for ChannelFileRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt("ChannelFileRead", f)
    }
}
