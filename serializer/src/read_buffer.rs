//! A buffer whose size follows the bytes that have arrived.

use alloc::vec::Vec;

use embedded_io::{Error as _, ErrorKind, Read};

use crate::memory;

/// How far a buffer was filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// All bytes have arrived.
    Whole,
    /// The reader ended before.
    Ended,
    /// There is no memory for more bytes. Those that arrived are kept.
    NoMemory,
}

/// A buffer of bytes from a reader. Lengths that a peer announces are not
/// trusted: memory grows with the bytes that arrive, at most
/// [`CHUNK`](Self::CHUNK) bytes ahead of them plus the usual doubling.
#[derive(Clone, Debug, Default)]
pub struct ReadBuffer {
    /// Initialised memory. It stays initialised between reads, because a reader
    /// that gives a few bytes at a time must not cost a fill with zeros for each.
    memory: Vec<u8>,
    /// The number of bytes that have arrived.
    filled: usize,
}

impl ReadBuffer {
    /// The most bytes that one read is given room for.
    pub const CHUNK: usize = 1 << 16;

    /// An empty buffer, without memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            memory: Vec::new(),
            filled: 0,
        }
    }

    /// A buffer that starts with these bytes, in memory for at least `capacity`;
    /// `None` if there is no such memory.
    #[must_use]
    pub fn starting_with(bytes: &[u8], capacity: usize) -> Option<Self> {
        let mut memory = memory::room_for(capacity.max(bytes.len()))?;
        memory.extend_from_slice(bytes);
        Some(Self {
            memory,
            filled: bytes.len(),
        })
    }

    /// The bytes that arrived.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.memory.get(..self.filled).unwrap_or_default()
    }

    /// The number of bytes that arrived.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.filled
    }

    /// Whether no byte arrived.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Forgets the bytes and keeps the memory.
    pub const fn clear(&mut self) {
        self.filled = 0;
    }

    /// Reads until exactly `len` bytes have arrived, or there can be no more.
    ///
    /// # Errors
    /// When the reader fails. The bytes that arrived before are kept: a later
    /// call continues there.
    pub fn fill_to<R: Read>(&mut self, reader: &mut R, len: usize) -> Result<Filled, R::Error> {
        while self.filled < len {
            if self.filled == self.memory.len() {
                // Chunk by chunk, so that the zeros are still in the cache when the
                // bytes overwrite them.
                let chunk = len.min(self.filled.saturating_add(Self::CHUNK));
                if self.memory.try_reserve(chunk - self.filled).is_err() {
                    return Ok(Filled::NoMemory);
                }
                self.memory.resize(chunk, 0);
            }
            let end = self.memory.len().min(len);
            let room = self.memory.get_mut(self.filled..end).unwrap_or_default();
            match read_some(reader, room)? {
                0 => return Ok(Filled::Ended),
                arrived => self.filled += arrived,
            }
        }
        Ok(Filled::Whole)
    }

    /// The bytes that arrived, in the memory they are in, which may be for twice as
    /// many. Giving back the rest of a large block at each item makes the allocator
    /// return its memory to the system and ask for it again, which costs more than
    /// the item.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        self.memory.truncate(self.filled);
        self.memory.shrink_to(2 * self.filled);
        self.memory
    }
}

/// One read, repeated while it is interrupted. Never more than `room` has.
///
/// # Errors
/// When the reader fails.
pub fn read_some<R: Read>(reader: &mut R, room: &mut [u8]) -> Result<usize, R::Error> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // A reader that claims more than there was room for is broken; the room
            // is all there is.
            read => return read.map(|arrived| arrived.min(room.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use embedded_io::{ErrorKind, ErrorType, Read};

    use super::{Filled, ReadBuffer};

    /// Gives one byte a read; between two it fails once. Keeps the room it was given.
    struct Trickle {
        bytes: Vec<u8>,
        at: usize,
        fails: bool,
        room: usize,
    }

    impl ErrorType for Trickle {
        type Error = ErrorKind;
    }

    impl Read for Trickle {
        fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
            self.room = self.room.max(room.len());
            self.fails = !self.fails;
            if self.fails {
                return Err(ErrorKind::TimedOut);
            }
            match (room.first_mut(), self.bytes.get(self.at)) {
                (Some(first), Some(byte)) => {
                    *first = *byte;
                    self.at += 1;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    fn trickle(bytes: &[u8]) -> Trickle {
        Trickle {
            bytes: bytes.to_vec(),
            at: 0,
            fails: false,
            room: 0,
        }
    }

    #[test]
    fn a_reader_that_fails_between_bytes_loses_none() {
        let mut reader = trickle(b"abcdef");
        let mut buffer = ReadBuffer::new();
        let mut failures = 0;
        while !matches!(buffer.fill_to(&mut reader, 4), Ok(Filled::Whole)) {
            failures += 1;
        }
        assert_eq!(buffer.bytes(), b"abcd");
        assert_eq!(failures, 4);
        // Not a byte beyond.
        assert_eq!(reader.at, 4);
        buffer.clear();
        assert!(buffer.is_empty());
        assert_eq!(buffer.fill_to(&mut reader, 3), Err(ErrorKind::TimedOut));
        while buffer.fill_to(&mut reader, 3) != Ok(Filled::Ended) {}
        assert_eq!(buffer.into_vec(), b"ef");
    }

    #[test]
    fn memory_follows_the_bytes_that_arrived() {
        let mut reader = trickle(b"abc");
        let mut buffer = ReadBuffer::starting_with(b"0", 0).unwrap();
        while buffer.fill_to(&mut reader, usize::MAX) != Ok(Filled::Ended) {}
        assert_eq!(buffer.bytes(), b"0abc");
        assert!(reader.room <= ReadBuffer::CHUNK);
        assert!(buffer.memory.capacity() <= 4 * ReadBuffer::CHUNK);
    }

    #[test]
    fn a_large_block_is_not_given_back_and_taken_again() {
        let bytes = vec![7; ReadBuffer::CHUNK + 6];
        let mut buffer = ReadBuffer::starting_with(&[], ReadBuffer::CHUNK).unwrap();
        assert_eq!(
            buffer.fill_to(&mut bytes.as_slice(), bytes.len()),
            Ok(Filled::Whole)
        );
        let capacity = buffer.memory.capacity();
        let vec = buffer.into_vec();
        assert_eq!((vec.capacity(), vec), (capacity, bytes));
    }

    #[test]
    fn a_few_bytes_do_not_keep_a_large_block() {
        let mut buffer = ReadBuffer::starting_with(b"few", 1 << 20).unwrap();
        assert_eq!(buffer.fill_to(&mut [].as_slice(), 4), Ok(Filled::Ended));
        assert!(buffer.into_vec().capacity() < 1 << 10);
    }

    #[test]
    fn memory_is_initialised_once_whatever_the_pieces() {
        let mut reader = trickle(&[7; 1000]);
        let mut buffer = ReadBuffer::new();
        while buffer.fill_to(&mut reader, 1000) != Ok(Filled::Whole) {
            // What was made room for stays so.
            assert_eq!(buffer.memory.len(), 1000);
        }
        assert_eq!(buffer.bytes(), [7; 1000]);
    }
}
