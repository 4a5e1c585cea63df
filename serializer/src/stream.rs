//! Values from readers, one after another.

use alloc::vec::Vec;
use core::fmt;

use embedded_io::Read;

use crate::error::LoadError;
use crate::io::IntoReader;
use crate::opcode::Operand;
use crate::options::unversioned;
use crate::read_buffer::ReadBuffer;
use crate::{LoadOptions, Opcode, Token, Tokens, Value};

/// Loads one value as `dump` wrote it, version byte first, and reads not a byte
/// beyond it. With the options of [`loads`](crate::loads).
///
/// Each opcode is a read of its own: give a buffered reader where that is a
/// system call.
///
/// ```
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
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the reader fails, or the bytes are no value of the format or exceed the
/// limits. A reader that fails for a time, such as one with a timeout, loses what
/// was read before: use a [`Stream`] for it.
pub fn load<R: IntoReader>(reader: R) -> Result<Value, ReadError<R::Error>> {
    LoadOptions::new().load(reader)
}

/// Loads one value without version byte. With the options of
/// [`loads_internal`](crate::loads_internal).
///
/// # Errors
/// As [`load`].
pub fn load_internal<R: IntoReader>(reader: R) -> Result<Value, ReadError<R::Error>> {
    LoadOptions::channel().load_internal(reader)
}

impl LoadOptions {
    /// Loads one value as `dump` wrote it, version byte first, and reads not a
    /// byte beyond it.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or exceed
    /// the limits; [`LoadError::is_truncated`] where they end early.
    pub fn load<R: IntoReader>(&self, reader: R) -> Result<Value, ReadError<R::Error>> {
        self.stream(reader).only()
    }

    /// Loads one value without version byte, and reads not a byte beyond it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_internal<R: IntoReader>(&self, reader: R) -> Result<Value, ReadError<R::Error>> {
        self.stream_internal(reader).only()
    }

    /// The values that `dump` wrote one after another.
    pub fn stream<R: IntoReader>(&self, reader: R) -> Stream<R::Reader> {
        Stream::new(reader.into_reader(), *self, true)
    }

    /// Values without version byte, one after another.
    pub fn stream_internal<R: IntoReader>(&self, reader: R) -> Stream<R::Reader> {
        Stream::new(reader.into_reader(), *self, false)
    }
}

/// Values from a reader, one after another.
///
/// It ends where the reader ends between two values. No error is an end:
///
/// - After an error of the reader, a timeout for one, the next call continues
///   where this one stopped: no byte is lost.
/// - An end of the reader inside a value is [`LoadError::is_truncated`]. The next
///   call reads on, if the reader has more by then.
/// - After any other [`LoadError`] it is unknown where the next value starts:
///   every further call returns the same error and reads nothing.
///
/// The iterator gives `None` after an error of the last two kinds, so that a loop
/// over it ends.
///
/// ```
/// use execnet_serializer::{LoadOptions, Value, dumps};
/// let bytes = [dumps("one")?, dumps(&2)?].concat();
/// let values: Result<Vec<Value>, _> = LoadOptions::new().stream(bytes.as_slice()).collect();
/// assert_eq!(values?, [Value::from("one"), Value::from(2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stream<R> {
    reader: R,
    options: LoadOptions,
    versioned: bool,
    /// The bytes of the next value, as far as they have arrived.
    buffer: ReadBuffer,
    /// Where in these bytes the next opcode starts: those before it have arrived
    /// whole. It moves on only when bytes have, so that an error of the reader
    /// leaves it where it was.
    scanned: usize,
    /// Where the value starts in the stream.
    start: usize,
    /// What is wrong with the bytes.
    failed: Option<LoadError>,
    /// The iterator has ended.
    ended: bool,
}

impl<R: Read> Stream<R> {
    const fn new(reader: R, options: LoadOptions, versioned: bool) -> Self {
        Self {
            reader,
            options,
            versioned,
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

    /// The reader. It is at the end of the last value, unless a call has failed
    /// since: bytes of a value that has not arrived whole are lost.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The next value, or `None` if the reader has ended between two.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or exceed
    /// the limits. The offset counts from the start of the stream.
    pub fn next_value(&mut self) -> Result<Option<Value>, ReadError<R::Error>> {
        if !self.fetch().map_err(ReadError::Read)? {
            return Ok(None);
        }
        self.decode().map(Some).map_err(ReadError::Load)
    }

    /// The one value of a reader, which must have one.
    fn only(mut self) -> Result<Value, ReadError<R::Error>> {
        self.fetch().map_err(ReadError::Read)?;
        self.decode().map_err(ReadError::Load)
    }

    fn decode(&mut self) -> Result<Value, LoadError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if let Some(len) = self.large_bytes() {
            return Ok(Value::Bytes(self.take_bytes(len)));
        }
        let value = match self.versioned {
            true => self.options.loads(self.buffer.bytes()),
            false => self.options.loads_internal(self.buffer.bytes()),
        };
        match value {
            Ok(value) => {
                self.advance();
                Ok(value)
            }
            Err(error) => Err(self.fail(error.offset_by(self.start))),
        }
    }

    /// The length of the value at hand if it is one large run of bytes, within the
    /// limits.
    fn large_bytes(&self) -> Option<usize> {
        let body = self.buffer.bytes().get(usize::from(self.versioned)..)?;
        let limits = self.options.bounds();
        if body.len() < ReadBuffer::CHUNK || body.len() > limits.bytes() || limits.items() == 0 {
            return None;
        }
        let mut tokens = Tokens::new(body);
        match (tokens.next()?, tokens.next()?) {
            (Ok(Token::Bytes(bytes)), Ok(Token::Stop)) => Some(bytes.len()),
            _ => None,
        }
    }

    /// The bytes of that value in the memory that they were read into: a copy of
    /// them would cost as much as reading them.
    fn take_bytes(&mut self, len: usize) -> Vec<u8> {
        self.start += self.buffer.len();
        self.scanned = 0;
        let mut bytes = core::mem::take(&mut self.buffer).into_vec();
        bytes.truncate(bytes.len().saturating_sub(1));
        let start = bytes.len().saturating_sub(len);
        bytes.drain(..start);
        bytes
    }

    /// Goes behind the value at hand.
    fn advance(&mut self) {
        self.start += self.buffer.len();
        self.buffer.clear();
        self.scanned = 0;
    }

    /// Keeps an error that no further bytes mend.
    fn fail(&mut self, error: LoadError) -> LoadError {
        if !error.is_truncated() {
            self.failed = Some(error.clone());
        }
        error
    }

    /// Reads the bytes of the next value, not one more; false if the reader has
    /// ended before the first.
    ///
    /// It reads as long as the bytes may be a value: what is wrong with them the
    /// decoder says.
    fn fetch(&mut self) -> Result<bool, R::Error> {
        if self.failed.is_none() {
            self.scan()?;
        }
        Ok(!self.buffer.is_empty())
    }

    fn scan(&mut self) -> Result<(), R::Error> {
        if self.versioned && self.scanned == 0 {
            if !self.fill(1)? || unversioned(self.buffer.bytes()).is_err() {
                return Ok(());
            }
            self.scanned = 1;
        }
        if !self.fill(self.scanned + 1)? {
            return Ok(());
        }
        while let Some(end) = self.opcode_end()? {
            // With the opcode behind: only STOP has none.
            if !self.fill(end.saturating_add(1))? {
                break;
            }
            self.scanned = end;
        }
        Ok(())
    }

    /// Where the opcode at hand ends, with its operand; `None` if nothing follows
    /// it: for STOP, and where the bytes are no value.
    fn opcode_end(&mut self) -> Result<Option<usize>, R::Error> {
        let byte = self.buffer.bytes().get(self.scanned);
        let operand = match byte.and_then(|byte| Opcode::with_operand(*byte)) {
            None | Some((Opcode::Stop, _)) => return Ok(None),
            Some((_, Operand::Fixed(len))) => usize::from(len),
            Some((Opcode::NewDict | Opcode::SetItem, Operand::Parts)) => 0,
            Some((_, Operand::Parts)) => 4,
            Some((_, Operand::Counted)) => match self.count()? {
                Some(len) => len.saturating_add(4),
                None => return Ok(None),
            },
        };
        Ok(Some((self.scanned + 1).saturating_add(operand)))
    }

    /// The length behind the opcode at hand, if it is one.
    fn count(&mut self) -> Result<Option<usize>, R::Error> {
        let start = self.scanned + 1;
        if !self.fill(start + 4)? {
            return Ok(None);
        }
        let count = self
            .buffer
            .bytes()
            .get(start..)
            .and_then(<[u8]>::first_chunk);
        let count = count.map(|count| i32::from_be_bytes(*count));
        // More than is ever read, where a usize has no 32 bits.
        Ok(count.and_then(|count| usize::try_from(count).ok()))
    }

    /// Reads until the value has `len` bytes; false if there are not as many, or
    /// more than the limits admit.
    fn fill(&mut self, len: usize) -> Result<bool, R::Error> {
        // A byte beyond the limit lets the decoder see that it is exceeded.
        let version = usize::from(self.versioned);
        let limit = self.options.bounds().bytes().saturating_add(1 + version);
        Ok(self.buffer.fill_to(&mut self.reader, len.min(limit))? && len <= limit)
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = Result<Value, ReadError<R::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_value().transpose();
        self.ended = matches!(next, None | Some(Err(ReadError::Load(_))));
        next
    }
}

impl<R: Read> core::iter::FusedIterator for Stream<R> {}

impl<R> fmt::Debug for Stream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("options", &self.options)
            .field("versioned", &self.versioned)
            .field("start", &self.start)
            .field("arrived", &self.buffer.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Loading from a reader failed: the bytes, or the reader itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The bytes are no value of the format, or one that exceeds the limits.
    Load(LoadError),
    /// The reader failed.
    Read(E),
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Read(_) => f.write_str("cannot read the encoded value"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Read(error) => Some(error),
        }
    }
}

#[cfg(feature = "serde")]
mod typed {
    use embedded_io::Read;
    use serde_core::de::DeserializeOwned;

    use super::Stream;
    use crate::LoadOptions;
    use crate::io::IntoReader;
    use crate::typed::{Error, StreamError};

    /// Reads one value as `to_writer` or Python's `dump` wrote it, version byte
    /// first, and not a byte beyond it.
    ///
    /// ```
    /// use execnet_serializer::{from_reader, to_writer};
    ///
    /// let mut file = std::io::Cursor::new(Vec::new());
    /// to_writer(&mut file, &("answer", 42))?;
    /// file.set_position(0);
    /// let (name, number): (String, u8) = from_reader(&mut file)?;
    /// assert_eq!((name.as_str(), number), ("answer", 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or not of
    /// this type.
    pub fn from_reader<R: IntoReader, T: DeserializeOwned>(
        reader: R,
    ) -> Result<T, StreamError<R::Error>> {
        let mut stream = LoadOptions::new().stream(reader);
        stream.fetch().map_err(StreamError::Io)?;
        Ok(stream.typed()?)
    }

    impl<R: Read> Stream<R> {
        /// The next value as a Rust type, or `None` if the reader has ended
        /// between two.
        ///
        /// A value that is sound and not of this type is an error, and is passed
        /// over: the next call reads the one after it.
        ///
        /// # Errors
        /// When the reader fails, or the bytes are no value of the format or not
        /// of this type.
        pub fn next_as<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StreamError<R::Error>> {
            if !self.fetch().map_err(StreamError::Io)? {
                return Ok(None);
            }
            Ok(Some(self.typed()?))
        }

        fn typed<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
            if let Some(error) = &self.failed {
                return Err(error.clone().into());
            }
            let value = match self.versioned {
                true => self.options.from_slice(self.buffer.bytes()),
                false => self.options.from_slice_internal(self.buffer.bytes()),
            };
            let value = value.map_err(|error: Error| error.offset_by(self.start));
            match value.as_ref().err().and_then(Error::as_load_error).cloned() {
                Some(error) => drop(self.fail(error)),
                None => self.advance(),
            }
            value
        }
    }
}

#[cfg(feature = "serde")]
pub use typed::from_reader;
