//! Reading frames from a stream.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use embedded_io::Read;
use execnet_serializer::{Filled, ReadBuffer, read_some};

use super::{Frame, Header, HeaderError, SpareBuffer};
use crate::memory;

/// Default size of the buffer, in bytes: the content of a full pipe of Linux.
const BUFFER: usize = 64 * 1024;

/// Number of bytes that are allocated because a header announces them. Beyond it memory grows with the bytes that have
/// arrived.
const TRUSTED: usize = 1024 * 1024;

/// Reads frames from a stream.
///
/// One read can bring many small frames. A payload longer than the buffer is read directly into the memory in which it is
/// returned. Memory grows with the bytes that have arrived, not with the announced length.
///
/// ```
/// use execnet_core_sync::frame::{FrameReader, MessageCode};
///
/// let stream: &[u8] = b"\x05\0\0\0\x01\0\0\0\0\x04\0\0\0\x03\0\0\0\x02LQ";
/// let mut frames = FrameReader::new(stream, 1024);
/// assert_eq!(frames.next_frame().unwrap().unwrap().code, MessageCode::ChannelClose);
/// assert_eq!(frames.next_frame().unwrap().unwrap().payload, b"LQ");
/// assert!(frames.next_frame().unwrap().is_none());
/// ```
#[derive(Debug)]
pub struct FrameReader<R> {
    inner: R,
    buffer: Box<[u8]>,
    /// The bytes that were read and not returned yet are `buffer[start..end]`.
    start: usize,
    end: usize,
    /// A payload longer than the buffer, as far as it has arrived.
    large: ReadBuffer,
    /// The header of the frame that `next_frame` has begun, if the link failed inside its payload.
    begun: Option<Header>,
    /// The header of a frame whose payload is above the limit or the memory, and was not read, or not to its end.
    refused: Option<Header>,
    /// Number of bytes of a payload above the memory that were not read.
    unread: usize,
    /// Number of bytes to discard in front of the next header.
    skipped: usize,
    /// For the next payload that fits into the buffer.
    pub(crate) spare: SpareBuffer,
    limit: usize,
}

impl<R: Read> FrameReader<R> {
    /// Reads frames from `inner`, refusing payloads of more than `limit` bytes.
    pub fn new(inner: R, limit: usize) -> Self {
        Self::with_capacity(BUFFER, inner, limit)
    }

    /// As [`new`](Self::new), with a buffer of this many bytes, and at least the length of a header. With a large
    /// buffer one read can bring many small frames.
    pub fn with_capacity(capacity: usize, inner: R, limit: usize) -> Self {
        Self {
            inner,
            buffer: vec![0; capacity.max(Header::SIZE)].into_boxed_slice(),
            start: 0,
            end: 0,
            large: ReadBuffer::new(),
            begun: None,
            refused: None,
            unread: 0,
            skipped: 0,
            spare: SpareBuffer::default(),
            limit,
        }
    }

    /// Reads the next frame. `None` if the stream ends between two frames.
    ///
    /// # Errors
    ///
    /// The stream fails or ends inside a frame, the announced length is negative or above the limit, or there is no memory
    /// for the payload. After [`ReadError::Link`], such as a timeout of the link, the next call continues where this one stopped. After any
    /// other error the position in the stream is lost, and nothing more can be read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, ReadError<R::Error>> {
        self.next_frame_if(|_| Ok(()))
    }

    /// As [`next_frame`](Self::next_frame), with a check of the header before the payload is read: a refused frame must
    /// not cost its length in memory.
    pub(crate) fn next_frame_if<E: From<ReadError<R::Error>>>(
        &mut self,
        check: impl FnOnce(&Header) -> Result<(), E>,
    ) -> Result<Option<Frame>, E> {
        let header = match self.begun.take() {
            Some(header) => header,
            None => match self.next_header()? {
                Some(header) => header,
                None => return Ok(None),
            },
        };
        check(&header)?;
        let payload = self.payload_of(&header);
        match &payload {
            // A link that is polled fails when it is not ready: the next call continues with this payload.
            Err(ReadError::Link(_)) => self.begun = Some(header),
            Err(ReadError::Header(HeaderError::TooLong { len, .. })) => {
                (self.refused, self.unread) = (Some(header), *len);
            }
            Err(ReadError::Memory { .. }) => self.refused = Some(header),
            _ => {}
        }
        Ok(Some(header.with_payload(payload?)))
    }

    /// Continues after a frame whose payload was above the limit or the memory: it is discarded as it arrives. Returns its header.
    /// `None` if there was no such frame.
    pub(crate) fn skip_refused(&mut self) -> Option<Header> {
        let header = self.refused.take()?;
        self.skipped = core::mem::take(&mut self.unread);
        Some(header)
    }

    fn discard_skipped(&mut self) -> Result<(), ReadError<R::Error>> {
        while self.skipped > 0 {
            if self.start == self.end && self.fill(1)? == 0 {
                let (expected, got) = (self.skipped, 0);
                return Err(ReadError::PayloadCut { expected, got });
            }
            let discarded = self.skipped.min(self.end - self.start);
            self.start += discarded;
            self.skipped -= discarded;
        }
        Ok(())
    }

    /// Reads the header of the next frame. `None` if the stream ends between two frames.
    ///
    /// Call [`payload_of`](Self::payload_of) before you read the next header.
    ///
    /// # Errors
    ///
    /// The stream fails, or ends inside the header.
    pub fn next_header(&mut self) -> Result<Option<Header>, ReadError<R::Error>> {
        self.discard_skipped()?;
        while self.available().len() < Header::SIZE {
            if self.fill(Header::SIZE)? == 0 {
                return match self.available().len() {
                    0 => Ok(None),
                    got => Err(ReadError::HeaderCut { got }),
                };
            }
        }
        let header = self
            .available()
            .first_chunk()
            .copied()
            .map(Header::from_bytes);
        self.start += Header::SIZE;
        Ok(header)
    }

    /// Reads the payload that `header` announces.
    ///
    /// # Errors
    ///
    /// The announced length is negative or above the limit, and nothing was read; or there is no memory for the payload; or
    /// the stream fails or ends inside it. After [`ReadError::Link`] another call continues with the same payload.
    pub fn payload_of(&mut self, header: &Header) -> Result<Vec<u8>, ReadError<R::Error>> {
        let len = header.payload_len(self.limit)?;
        if len <= self.buffer.len() {
            self.small_payload(len)
        } else {
            self.large_payload(len)
        }
    }

    /// The stream.
    pub(crate) fn link(&mut self) -> &mut R {
        &mut self.inner
    }

    /// Whether the buffer has a complete frame, which can be read without waiting.
    #[must_use]
    pub fn holds_frame(&self) -> bool {
        let here = self.available();
        let header = here.first_chunk().copied().map(Header::from_bytes);
        let len = header.and_then(|header| header.payload_len(self.limit).ok());
        len.is_some_and(|len| here.len() - Header::SIZE >= len)
    }

    /// Whether all bytes that were read have been returned.
    #[cfg(feature = "std")]
    pub(crate) fn is_drained(&self) -> bool {
        self.start == self.end && self.large.is_empty()
    }

    /// Reads once, in front of a header. Returns the number of bytes; 0 at the end of the stream.
    #[cfg(feature = "std")]
    pub(crate) fn read_once(&mut self) -> Result<usize, ReadError<R::Error>> {
        self.fill(1)
    }

    fn small_payload(&mut self, len: usize) -> Result<Vec<u8>, ReadError<R::Error>> {
        while self.available().len() < len {
            if self.fill(len)? == 0 {
                let got = self.available().len();
                return Err(ReadError::PayloadCut { expected: len, got });
            }
        }
        let mut payload = self.spare.take();
        if memory::reserve(&mut payload, len).is_err() {
            return self.no_memory(len, len);
        }
        payload.extend_from_slice(self.available().get(..len).unwrap_or_default());
        self.start += len;
        Ok(payload)
    }

    fn large_payload(&mut self, len: usize) -> Result<Vec<u8>, ReadError<R::Error>> {
        if self.large.is_empty() {
            match ReadBuffer::starting_with(self.available(), len.min(TRUSTED)) {
                Some(large) => self.large = large,
                None => return self.no_memory(len, len),
            }
            (self.start, self.end) = (0, 0);
        }
        // Kept in `self` until it is complete: after a timeout of the link the next call continues.
        let filled = self.large.fill_to(&mut self.inner, len);
        let filled = filled.map_err(ReadError::Link)?;
        let arrived = core::mem::take(&mut self.large);
        match filled {
            Filled::Whole => Ok(arrived.into_vec()),
            Filled::Ended => Err(ReadError::PayloadCut {
                expected: len,
                got: arrived.len(),
            }),
            Filled::NoMemory => self.no_memory(len, len - arrived.len()),
        }
    }

    #[cold]
    fn no_memory<T>(&mut self, len: usize, unread: usize) -> Result<T, ReadError<R::Error>> {
        self.unread = unread;
        Err(ReadError::Memory { len })
    }

    fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads once, after making room for `wanted` contiguous bytes. Returns the number of bytes; 0 at the end of the
    /// stream. `wanted` must be more than the available bytes, and at most the length of the buffer.
    fn fill(&mut self, wanted: usize) -> Result<usize, ReadError<R::Error>> {
        // Moving bytes to the front is rare: mostly the buffer is read to its end first.
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.buffer.len() - self.start < wanted {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let got = read_some(&mut self.inner, room).map_err(ReadError::Link)?;
        self.end += got;
        Ok(got)
    }
}

/// A frame cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The stream failed.
    Link(E),
    /// The stream ended inside a header.
    HeaderCut {
        /// Number of bytes of the header that were read.
        got: usize,
    },
    /// The stream ended inside a payload.
    PayloadCut {
        /// The announced length in bytes.
        expected: usize,
        /// Number of bytes that were read.
        got: usize,
    },
    /// The header announces a payload that is not read.
    Header(HeaderError),
    /// There is no memory for the payload.
    Memory {
        /// The announced length in bytes.
        len: usize,
    },
}

impl<E> ReadError<E> {
    /// Maps the error of the link.
    pub(crate) fn map_link<F>(self, map: impl FnOnce(E) -> F) -> ReadError<F> {
        match self {
            Self::Link(error) => ReadError::Link(map(error)),
            Self::HeaderCut { got } => ReadError::HeaderCut { got },
            Self::PayloadCut { expected, got } => ReadError::PayloadCut { expected, got },
            Self::Header(error) => ReadError::Header(error),
            Self::Memory { len } => ReadError::Memory { len },
        }
    }
}

impl<E> From<HeaderError> for ReadError<E> {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(_) => f.write_str("cannot read from the link"),
            Self::HeaderCut { got } => write!(
                f,
                "unexpected end of stream inside a frame's header, after {got} of {} bytes",
                Header::SIZE
            ),
            Self::PayloadCut { expected, got } => {
                write!(
                    f,
                    "unexpected end of stream inside a frame's payload, after {got} of {expected} bytes"
                )
            }
            Self::Header(error) => error.fmt(f),
            Self::Memory { len } => write!(f, "no memory for a payload of {len} bytes"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Link(error) => Some(error),
            _ => None,
        }
    }
}
