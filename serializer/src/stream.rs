//! Values from readers and into writers, one after another.

use alloc::vec::Vec;
use core::fmt;

use embedded_io::{Error as _, ErrorKind, Read, Write};

use crate::error::LoadError;
use crate::{Dump, EncodeError, Encoder, LoadOptions, Opcode, Value};

/// How many announced bytes are made room for before they come.
const CHUNK: usize = 1 << 16;

/// Loads one value as `dump` wrote it, version byte first, and reads not a byte
/// beyond it. With the options of [`loads`](crate::loads).
///
/// Each opcode is read by itself: give a buffered reader where that is a system
/// call. Readers of `std` come in by `embedded_io_adapters::std::FromStd`.
///
/// ```
/// use embedded_io_adapters::std::FromStd;
/// use execnet_serializer::{Value, dump, load};
///
/// let mut file = std::io::Cursor::new(Vec::new());
/// dump(FromStd::new(&mut file), "one")?;
/// dump(FromStd::new(&mut file), &2)?;
/// file.set_position(0);
/// assert_eq!(load(FromStd::new(&mut file))?, Value::from("one"));
/// assert_eq!(load(FromStd::new(&mut file))?, Value::from(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the reader fails, or what comes is no value of the format or exceeds
/// the limits.
pub fn load<R: Read>(reader: R) -> Result<Value, ReadError<R::Error>> {
    LoadOptions::new().load(reader)
}

/// Loads one value without version byte. With the options of
/// [`loads_internal`](crate::loads_internal).
///
/// # Errors
/// As [`load`].
pub fn load_internal<R: Read>(reader: R) -> Result<Value, ReadError<R::Error>> {
    LoadOptions::channel().load_internal(reader)
}

/// Dumps a value into a writer, version byte in front, without building the
/// whole first.
///
/// # Errors
/// When the format cannot say the value, or the writer fails. What was already
/// written stays written.
pub fn dump<W: Write>(
    writer: W,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeError<W::Error>> {
    let mut encoder = Encoder::new(writer);
    encoder.version()?;
    value.dump(&mut encoder)?;
    encoder.stop()
}

/// Dumps a value without version byte into a writer.
///
/// # Errors
/// As [`dump`].
pub fn dump_internal<W: Write>(
    writer: W,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeError<W::Error>> {
    let mut encoder = Encoder::new(writer);
    value.dump(&mut encoder)?;
    encoder.stop()
}

impl LoadOptions {
    /// Loads one value as `dump` wrote it, version byte first, and reads not a
    /// byte beyond it.
    ///
    /// # Errors
    /// When the reader fails, or what comes is no value of the format or
    /// exceeds the limits; [`LoadError::is_truncated`] where it ends early.
    pub fn load<R: Read>(&self, reader: R) -> Result<Value, ReadError<R::Error>> {
        self.stream(reader).only()
    }

    /// Loads one value without version byte, and reads not a byte beyond it.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_internal<R: Read>(&self, reader: R) -> Result<Value, ReadError<R::Error>> {
        self.stream_internal(reader).only()
    }

    /// The values that `dump` wrote one after another.
    pub const fn stream<R: Read>(&self, reader: R) -> Stream<R> {
        Stream::new(reader, *self, true)
    }

    /// Values without version byte, one after another.
    pub const fn stream_internal<R: Read>(&self, reader: R) -> Stream<R> {
        Stream::new(reader, *self, false)
    }
}

/// Values from a reader, one after another.
///
/// It ends where the reader ends between two values; an end inside one is an
/// error ([`LoadError::is_truncated`]). After an error there is nothing more:
/// where the next value starts is unknown.
///
/// ```
/// use execnet_serializer::{LoadOptions, Value, dumps};
/// let bytes = [dumps("one")?, dumps(&2)?].concat();
/// let values: Result<Vec<Value>, _> = LoadOptions::new().stream(bytes.as_slice()).collect();
/// assert_eq!(values?, [Value::from("one"), Value::from(2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stream<R> {
    reader: R,
    options: LoadOptions,
    versioned: bool,
    /// The bytes of the value at hand.
    bytes: Vec<u8>,
    /// Where that starts in the stream.
    start: usize,
    failed: bool,
}

impl<R: Read> Stream<R> {
    const fn new(reader: R, options: LoadOptions, versioned: bool) -> Self {
        Self {
            reader,
            options,
            versioned,
            bytes: Vec::new(),
            start: 0,
            failed: false,
        }
    }

    /// How many bytes were read.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// The reader, which stands behind the last value.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// The next value, or `None` where the stream has ended between two.
    ///
    /// # Errors
    /// When the reader fails, or what comes is no value of the format or
    /// exceeds the limits. The offset counts from where the stream started.
    pub fn next_value(&mut self) -> Result<Option<Value>, ReadError<R::Error>> {
        if !self.fetch().map_err(ReadError::Read)? {
            return Ok(None);
        }
        self.decode().map(Some).map_err(ReadError::Load)
    }

    /// The one value a reader is asked for.
    fn only(mut self) -> Result<Value, ReadError<R::Error>> {
        self.fetch().map_err(ReadError::Read)?;
        self.decode().map_err(ReadError::Load)
    }

    fn decode(&mut self) -> Result<Value, LoadError> {
        let value = if self.versioned {
            self.options.loads(&self.bytes)
        } else {
            self.options.loads_internal(&self.bytes)
        };
        value.map_err(|error| {
            self.failed = true;
            error.shifted(self.start)
        })
    }

    /// Reads the bytes of the next value, not one more; false at the end of the
    /// stream.
    ///
    /// It goes on as long as there may be a value: what is wrong with the bytes
    /// the decoder says.
    fn fetch(&mut self) -> Result<bool, R::Error> {
        if self.failed {
            return Ok(false);
        }
        self.start += self.bytes.len();
        self.bytes.clear();
        let head = if self.versioned { 2 } else { 1 };
        let fetched = self.take(head).and_then(|whole| match whole {
            true => self.fetch_to_stop(),
            false => Ok(()),
        });
        self.failed = fetched.is_err();
        fetched.map(|()| !self.bytes.is_empty())
    }

    /// From a first opcode to STOP. One read gets an operand and the opcode
    /// behind it, for only STOP has none.
    fn fetch_to_stop(&mut self) -> Result<(), R::Error> {
        while let Some(operand) = self.bytes.last().and_then(|byte| Operand::of(*byte)) {
            let more = match operand {
                Operand::Bytes(len) => len,
                Operand::Counted => match self.take_count()? {
                    Some(len) => len,
                    None => return Ok(()),
                },
            };
            if self.bytes.len() > self.options.bounds().bytes() || !self.take(more + 1)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The length of what follows, if it is one.
    fn take_count(&mut self) -> Result<Option<usize>, R::Error> {
        if !self.take(4)? {
            return Ok(None);
        }
        let count = self
            .bytes
            .last_chunk()
            .map(|count| i32::from_be_bytes(*count));
        // More than is ever read, where a usize has no 32 bits.
        Ok(count.and_then(|count| usize::try_from(count).ok()))
    }

    /// Appends `wanted` bytes; false if there are not as many, or more than the
    /// limits admit. Room is made as they come: a peer only announces them.
    fn take(&mut self, wanted: usize) -> Result<bool, R::Error> {
        // A byte beyond the limit lets the decoder see that it is exceeded.
        let limit = self.options.bounds().bytes().saturating_add(2);
        let end = self.bytes.len().saturating_add(wanted);
        while self.bytes.len() < end.min(limit) {
            let from = self.bytes.len();
            let room = (end.min(limit) - from).min(from.max(CHUNK));
            self.bytes.resize(from + room, 0);
            let free = self.bytes.get_mut(from..).unwrap_or_default();
            let got = read_some(&mut self.reader, free);
            let came = got.as_ref().map_or(0, |&came| came.min(room));
            self.bytes.truncate(from + came);
            if got? == 0 {
                return Ok(false);
            }
        }
        Ok(end <= limit)
    }
}

/// One read, again where it was interrupted.
fn read_some<R: Read>(reader: &mut R, free: &mut [u8]) -> Result<usize, R::Error> {
    loop {
        match reader.read(free) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// What follows an opcode.
enum Operand {
    Bytes(usize),
    Counted,
}

impl Operand {
    /// `None` for STOP and for what is no opcode: nothing follows.
    fn of(byte: u8) -> Option<Self> {
        Some(match Opcode::from_byte(byte)? {
            Opcode::Stop => return None,
            Opcode::None | Opcode::True | Opcode::False | Opcode::NewDict | Opcode::SetItem => {
                Self::Bytes(0)
            }
            Opcode::Float => Self::Bytes(8),
            Opcode::Complex => Self::Bytes(16),
            Opcode::LongInt
            | Opcode::LongLong
            | Opcode::Bytes
            | Opcode::Py2String
            | Opcode::Py3String
            | Opcode::Unicode => Self::Counted,
            Opcode::Int
            | Opcode::Long
            | Opcode::Channel
            | Opcode::NewList
            | Opcode::BuildTuple
            | Opcode::Set
            | Opcode::FrozenSet => Self::Bytes(4),
        })
    }
}

impl<R: Read> Iterator for Stream<R> {
    type Item = Result<Value, ReadError<R::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_value().transpose()
    }
}

impl<R: Read> core::iter::FusedIterator for Stream<R> {}

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
    use crate::serde::{Error, StreamError};

    /// Reads one value as `to_writer` or Python's `dump` wrote it, version byte
    /// first, and not a byte beyond it.
    ///
    /// # Errors
    /// When the reader fails, or what comes is no value of the format or not of
    /// this type.
    pub fn from_reader<R: Read, T: DeserializeOwned>(
        reader: R,
    ) -> Result<T, StreamError<R::Error>> {
        let mut stream = LoadOptions::new().stream(reader);
        stream.fetch().map_err(StreamError::Io)?;
        Ok(stream.typed()?)
    }

    impl<R: Read> Stream<R> {
        /// The next value as a Rust type, or `None` where the stream has ended
        /// between two.
        ///
        /// A value that is only not of this type is taken all the same: the one
        /// behind it can be read.
        ///
        /// # Errors
        /// When the reader fails, or what comes is no value of the format or
        /// not of this type.
        pub fn next_as<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StreamError<R::Error>> {
            if !self.fetch().map_err(StreamError::Io)? {
                return Ok(None);
            }
            Ok(Some(self.typed()?))
        }

        fn typed<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
            let value = if self.versioned {
                self.options.from_slice(&self.bytes)
            } else {
                self.options.from_slice_internal(&self.bytes)
            };
            value.map_err(|error: Error| {
                self.failed = error.as_load_error().is_some();
                error.shifted(self.start)
            })
        }
    }
}

#[cfg(feature = "serde")]
pub use typed::from_reader;
