//! [`Encoder`]: writes the opcodes of values, one by one.

mod py2;
mod sink;

use core::fmt::Write as _;

use embedded_io::Write;

use crate::error::{DumpError, EncodeError, Refusal};
use crate::{ChannelId, Complex, Opcode};

/// The version byte that `dump` and `dumps` write: that of execnet 2.
pub const FORMAT_VERSION: u8 = 2;

/// Writes the opcodes of values into a sink, without allocation.
///
/// Each method writes one opcode. The caller is responsible for the order that
/// the format requires; [`Dump`](crate::Dump) writes whole values.
///
/// ```
/// use execnet_serializer::Encoder;
/// let mut buffer = [0u8; 32];
/// let mut encoder = Encoder::new(&mut buffer[..]);
/// encoder.list(2)?;
/// for (index, text) in ["a", "b"].iter().enumerate() {
///     encoder.index(index)?;
///     encoder.str(text)?;
///     encoder.set_item()?;
/// }
/// encoder.stop()?;
/// # Ok::<(), execnet_serializer::EncodeError<execnet_serializer::embedded_io::SliceWriteError>>(())
/// ```
#[derive(Debug)]
pub struct Encoder<W> {
    sink: W,
    depth: u16,
}

/// Methods that write an integer in the shortest way.
macro_rules! integers {
    ($($(#[$doc:meta])+ $method:ident($type:ty);)*) => {$(
        $(#[$doc])+
        ///
        /// # Errors
        /// When the sink fails.
        #[inline]
        pub fn $method(&mut self, value: $type) -> Result<(), EncodeError<W::Error>> {
            match i32::try_from(value) {
                Ok(small) => self.operand(Opcode::Int, small),
                Err(_) => self.decimal(value),
            }
        }
    )*};
}

impl<W: Write> Encoder<W> {
    /// Makes an encoder that writes to `sink`. It does not buffer: use a
    /// buffered sink if each write is a system call.
    pub const fn new(sink: W) -> Self {
        Self { sink, depth: 0 }
    }

    /// Returns the sink.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// Writes the version byte that starts stored data.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn version(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.put(&[FORMAT_VERSION])
    }

    /// Writes `None`.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn none(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::None)
    }

    /// Writes a bool.
    ///
    /// # Errors
    /// When the sink fails.
    #[inline]
    pub fn bool(&mut self, value: bool) -> Result<(), EncodeError<W::Error>> {
        self.opcode(if value { Opcode::True } else { Opcode::False })
    }

    integers! {
        /// Writes an integer: as `INT` if it fits 32 bits, else as decimal
        /// `LONGINT`. Python's execnet cannot write those below -2^31, but every
        /// release reads them.
        int(i64);
        /// Writes an unsigned integer of up to 64 bits.
        u64(u64);
        /// Writes an integer of up to 128 bits.
        i128(i128);
        /// Writes an unsigned integer of up to 128 bits.
        u128(u128);
    }

    #[cold]
    fn decimal(&mut self, value: impl core::fmt::Display) -> Result<(), EncodeError<W::Error>> {
        // The longest 128-bit integer has 39 digits and a sign, so 40 bytes
        // suffice.
        let mut digits = heapless::String::<40>::new();
        let written = write!(digits, "{value}");
        debug_assert!(written.is_ok());
        self.long_int(&digits)
    }

    /// Writes an integer of any size from its decimal digits, with `-` in front
    /// if it is negative. The digits are not checked; readers refuse anything
    /// else.
    ///
    /// # Errors
    /// When the sink fails or there are more than 2^31-1 digits.
    pub fn long_int(&mut self, digits: &str) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::LongInt, digits.as_bytes())
    }

    /// Writes a double, every bit of it.
    ///
    /// # Errors
    /// When the sink fails.
    #[inline]
    pub fn float(&mut self, value: f64) -> Result<(), EncodeError<W::Error>> {
        let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
        self.put(&[Opcode::Float.byte(), a, b, c, d, e, f, g, h])
    }

    /// Writes a complex number.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn complex(&mut self, value: Complex) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::Complex)?;
        self.put(&value.re.to_be_bytes())?;
        self.put(&value.im.to_be_bytes())
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When the sink fails or there are more than 2^31-1.
    #[inline]
    pub fn bytes(&mut self, value: &[u8]) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::Bytes, value)
    }

    /// Writes the header of a `len`-byte `BYTES` value. The caller writes the
    /// bytes to the sink.
    ///
    /// # Errors
    /// When the sink fails or `len` exceeds 2^31-1.
    pub fn begin_bytes(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::Bytes, len)
    }

    /// Writes text.
    ///
    /// # Errors
    /// When the sink fails or the text has more than 2^31-1 bytes.
    #[inline]
    pub fn str(&mut self, value: &str) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::Py3String, value.as_bytes())
    }

    /// Writes a reference to a channel.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn channel(&mut self, id: ChannelId) -> Result<(), EncodeError<W::Error>> {
        self.operand(Opcode::Channel, id.0)
    }

    /// Starts a list of `len` items. For each item, write its
    /// [`index`](Self::index), the item and [`set_item`](Self::set_item).
    ///
    /// # Errors
    /// When the sink fails or `len` exceeds 2^31-1.
    #[inline]
    pub fn list(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::NewList, len)
    }

    /// Writes the index of the next item of a list.
    ///
    /// # Errors
    /// When the sink fails or `index` exceeds 2^31-1.
    #[inline]
    pub fn index(&mut self, index: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::Int, index)
    }

    /// Starts a dict. For each pair, write the key, the value and
    /// [`set_item`](Self::set_item).
    ///
    /// # Errors
    /// When the sink fails.
    #[inline]
    pub fn dict(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::NewDict)
    }

    /// Sets the last value under the key or index written before it.
    ///
    /// # Errors
    /// When the sink fails.
    #[inline]
    pub fn set_item(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::SetItem)
    }

    /// Makes a tuple of the last `len` values.
    ///
    /// # Errors
    /// When the sink fails or `len` exceeds 2^31-1.
    pub fn tuple(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::BuildTuple, len)
    }

    /// Makes a set of the last `len` values.
    ///
    /// # Errors
    /// When the sink fails or `len` exceeds 2^31-1.
    pub fn set(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::Set, len)
    }

    /// Makes a frozenset of the last `len` values.
    ///
    /// # Errors
    /// When the sink fails or `len` exceeds 2^31-1.
    pub fn frozenset(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::FrozenSet, len)
    }

    /// Ends the value.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn stop(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::Stop)
    }

    /// Runs `write` one container deeper. It fails at a depth that no reader of
    /// this crate accepts, so that encoding a deeply nested value cannot
    /// overflow the stack.
    ///
    /// # Errors
    /// Beyond [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH) containers, and
    /// what `write` returns.
    pub fn nested(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), EncodeError<W::Error>>,
    ) -> Result<(), EncodeError<W::Error>> {
        self.enter(crate::Limits::MAX_DEPTH)?;
        let written = write(self);
        self.leave();
        written
    }

    /// Enters a container of at most this depth; [`leave`](Self::leave) must follow.
    #[inline]
    pub(crate) const fn enter(&mut self, limit: u16) -> Result<(), DumpError> {
        if self.depth >= limit {
            return Err(DumpError::new(Refusal::Depth(limit)));
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    pub(crate) const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// An encoder at the same depth, for opcodes that this one writes later.
    #[cfg(all(feature = "serde", feature = "alloc"))]
    pub(crate) const fn sibling(&self) -> Encoder<alloc::vec::Vec<u8>> {
        Encoder {
            sink: alloc::vec::Vec::new(),
            depth: self.depth,
        }
    }
}
