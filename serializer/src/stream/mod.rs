//! Reads values from readers, one after another.

mod fetch;
#[cfg(feature = "serde")]
mod typed;

use alloc::vec::Vec;
use core::fmt;

use embedded_io::Read;

use crate::error::{LoadError, ReadError};
use crate::io::IntoReader;
use crate::read_buffer::ReadBuffer;
use crate::{LoadOptions, Token, Tokens, Value};
#[cfg(feature = "serde")]
pub use typed::from_reader;

/// Loads what `dump` wrote, here or in Python: [`LoadOptions::load`] with
/// [`LoadOptions::new`].
///
/// ```
/// # #[cfg(feature = "std")] {
/// use std::fs::File;
///
/// use execnet_serializer::{Value, dump, load};
///
/// # let folder = std::env::temp_dir();
/// # let path = folder.join(format!("execnet-load-{}", std::process::id()));
/// let mut file = File::create(&path)?;
/// dump(&mut file, "one")?;
/// dump(&mut file, &2)?;
/// let mut file = File::open(&path)?;
/// assert_eq!(load(&mut file)?, Value::from("one"));
/// assert_eq!(load(&mut file)?, Value::from(2));
/// # std::fs::remove_file(path)?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`LoadOptions::load`].
pub fn load<R: IntoReader>(reader: R) -> Result<Value, ReadError<R::Error>> {
    LoadOptions::new().load(reader)
}

impl LoadOptions {
    /// Loads one value, and reads no byte beyond it.
    ///
    /// Each opcode is a read of its own: use a buffered reader if that is a
    /// system call.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or exceed
    /// the limits; [`LoadError::is_truncated`] if they end early. After a
    /// temporary error of the reader, such as a timeout, the bytes that were read
    /// are lost: use a [`Stream`] for such readers.
    pub fn load<R: IntoReader>(&self, reader: R) -> Result<Value, ReadError<R::Error>> {
        let mut stream = self.stream(reader);
        stream.fetch().map_err(ReadError::Io)?;
        Ok(stream.decode()?)
    }

    /// The values of a reader, one after another.
    pub fn stream<R: IntoReader>(&self, reader: R) -> Stream<R::Reader> {
        Stream::new(reader.into_reader(), *self)
    }
}

/// Values from a reader, one after another.
///
/// The stream ends if the reader ends between two values. An error is never
/// reported as the end:
///
/// - After an error of the reader, such as a timeout, the next call continues
///   where this one stopped: no byte is lost.
/// - If the reader ends inside a value, [`LoadError::is_truncated`] is true. The
///   next call continues, in case the reader has more bytes by then.
/// - After any other [`LoadError`] the start of the next value is unknown: every
///   further call returns the same error and reads nothing.
///
/// The iterator returns `None` after an error of the last two kinds, so that a
/// loop over it ends.
///
/// ```
/// # #[cfg(feature = "std")] {
/// use execnet_serializer::{LoadOptions, Value, dumps};
/// let bytes = [dumps("one")?, dumps(&2)?].concat();
/// let values: Result<Vec<Value>, _> = LoadOptions::new().stream(bytes.as_slice()).collect();
/// assert_eq!(values?, [Value::from("one"), Value::from(2)]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stream<R> {
    reader: R,
    options: LoadOptions,
    /// The bytes of the next value that were read so far.
    buffer: ReadBuffer,
    /// The start of the first opcode in the buffer that is not known to be
    /// complete. It advances only after a successful read, so that a call after an
    /// error of the reader continues here.
    scanned: usize,
    /// The offset of the value in the stream.
    start: usize,
    /// The error that every further call returns.
    failed: Option<LoadError>,
    /// Whether the iterator has returned its last item.
    ended: bool,
}

impl<R: Read> Stream<R> {
    const fn new(reader: R, options: LoadOptions) -> Self {
        Self {
            reader,
            options,
            buffer: ReadBuffer::new(),
            scanned: 0,
            start: 0,
            failed: None,
            ended: false,
        }
    }

    /// The number of bytes that were read.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.start + self.buffer.len()
    }

    /// Returns the reader, which is at the end of the last value. If a call has
    /// failed since, the bytes of the incomplete value are lost.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The next value, or `None` at the end of the reader.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or exceed
    /// the limits. The offset counts from the start of the stream.
    pub fn next_value(&mut self) -> Result<Option<Value>, ReadError<R::Error>> {
        if !self.fetch().map_err(ReadError::Io)? {
            return Ok(None);
        }
        Ok(Some(self.decode()?))
    }

    fn decode(&mut self) -> Result<Value, LoadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Some(len) = self.large_bytes() {
            return Ok(Value::Bytes(self.take_bytes(len)));
        }
        match self.options.loads(self.buffer.bytes()) {
            Ok(value) => {
                self.advance();
                Ok(value)
            }
            Err(error) => Err(self.fail(error.offset_by(self.start))),
        }
    }

    /// The length of the buffered value if it is one large `BYTES` within the
    /// limits.
    fn large_bytes(&self) -> Option<usize> {
        let body = self.buffer.bytes().get(self.options.version_len()..)?;
        let limits = self.options.limits();
        if body.len() < ReadBuffer::CHUNK || body.len() > limits.bytes() || limits.items() == 0 {
            return None;
        }
        let mut tokens = Tokens::new(body);
        match (tokens.next()?, tokens.next()?) {
            (Ok(Token::Bytes(bytes)), Ok(Token::Stop)) => Some(bytes.len()),
            _ => None,
        }
    }

    /// Takes the buffer as the content of that value: a copy would cost as much as
    /// reading did.
    fn take_bytes(&mut self, len: usize) -> Vec<u8> {
        self.start += self.buffer.len();
        self.scanned = 0;
        let mut bytes = core::mem::take(&mut self.buffer).into_vec();
        bytes.truncate(bytes.len().saturating_sub(1));
        let start = bytes.len().saturating_sub(len);
        bytes.drain(..start);
        bytes
    }

    /// Moves to the start of the next value.
    fn advance(&mut self) {
        self.start += self.buffer.len();
        self.buffer.clear();
        self.scanned = 0;
    }

    /// Keeps an error that further bytes cannot resolve.
    fn fail(&mut self, error: LoadError) -> LoadError {
        if !error.is_truncated() {
            self.failed = Some(error.clone());
        }
        error
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = Result<Value, ReadError<R::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_value().transpose();
        self.ended = matches!(next, None | Some(Err(ReadError::Value(_))));
        next
    }
}

impl<R: Read> core::iter::FusedIterator for Stream<R> {}

impl<R> fmt::Debug for Stream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("options", &self.options)
            .field("start", &self.start)
            .field("arrived", &self.buffer.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
