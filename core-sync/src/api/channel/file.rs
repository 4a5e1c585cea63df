use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use std::io;

use execnet_serializer::{Bytes, Value};

use super::Channel;
use crate::api::Item;
use crate::error::{ReceiveError, SendError};

impl Channel {
    /// A file that sends what is written to it: each write is one item.
    ///
    /// For less and larger items put a [`BufWriter`](io::BufWriter) or [`LineWriter`](io::LineWriter) in front: the
    /// formatting macros write in many small pieces.
    #[must_use]
    pub fn make_file_write(&self) -> ChannelFileWrite {
        ChannelFileWrite {
            file: File::new(self),
            text: false,
            cut: Vec::new(),
        }
    }

    /// A file that reads what items hold, one after the other: bytes, and text as UTF-8. The end of the channel is the
    /// end of the file.
    #[must_use]
    pub fn make_file_read(&self) -> ChannelFileRead {
        ChannelFileRead {
            file: File::new(self),
            item: Vec::new(),
            read: 0,
        }
    }
}

/// What both kinds of file are.
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
        if self.proxy_close {
            self.channel.close();
        }
    }
}

/// Sends what is written: see [`Channel::make_file_write`].
///
/// Dropping it leaves the channel open, unless [`proxy_close`](Self::proxy_close) was asked for.
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
    /// The beginning of a character whose end was not written yet.
    cut: Vec<u8>,
}

impl ChannelFileWrite {
    /// The items are text in place of bytes, as a Python program expects that reads the channel as a file. What is
    /// written has to be UTF-8; a character that is written in pieces is sent with its last piece.
    #[must_use]
    pub fn text(mut self) -> Self {
        self.text = true;
        self
    }

    /// The channel is closed with the file.
    #[must_use]
    pub fn proxy_close(mut self) -> Self {
        self.file.proxy_close = true;
        self
    }

    fn write_text(&mut self, bytes: &[u8]) -> io::Result<()> {
        let joined;
        let bytes = if self.cut.is_empty() {
            bytes
        } else {
            joined = [&self.cut, bytes].concat();
            &joined
        };
        let (text, rest) = whole_text(bytes)?;
        if !text.is_empty() {
            self.file.channel.send(text).map_err(broken)?;
        }
        self.cut = rest.to_vec();
        Ok(())
    }
}

/// Splits off a character that is not whole yet.
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

    /// Items are sent when they are written: there is nothing to flush.
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

/// Reads what items hold: see [`Channel::make_file_read`].
///
/// Dropping it leaves the channel open, unless [`proxy_close`](Self::proxy_close) was asked for; what it had buffered of
/// an item is lost then.
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
    /// What was received last, and how much of it was read.
    item: Vec<u8>,
    read: usize,
}

impl ChannelFileRead {
    /// The channel is closed with the file.
    #[must_use]
    pub fn proxy_close(mut self) -> Self {
        self.file.proxy_close = true;
        self
    }

    /// Receives the next item. False at the end.
    fn next_item(&mut self) -> io::Result<bool> {
        let item = match self.file.channel.receive() {
            Ok(item) => item,
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
            "an item that is neither bytes nor text has no place in a file",
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
        // An empty item is no end.
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
