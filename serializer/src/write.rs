//! Dumps whole values into writers, vectors and memory of a fixed size.

use embedded_io::{SliceWriteError, Write};

use crate::io::IntoWriter;
use crate::{Dump, DumpOptions, EncodeError, Encoder};
#[cfg(feature = "alloc")]
use {crate::DumpError, alloc::vec::Vec};

/// Dumps a value into a [`Vec`], with the version byte in front:
/// [`DumpOptions::dumps`] with [`DumpOptions::new`].
///
/// A payload of a frame has no version byte: `DumpOptions::wire().dumps(value)`.
///
/// ```
/// use execnet_serializer::{dumps, loads, Value};
/// assert_eq!(loads(&dumps("x")?)?, Value::from("x"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the value cannot be represented in the format.
#[cfg(feature = "alloc")]
pub fn dumps(value: &(impl Dump + ?Sized)) -> Result<Vec<u8>, DumpError> {
    DumpOptions::new().dumps(value)
}

/// Dumps a value into a writer, with the version byte in front:
/// [`DumpOptions::dump`] with [`DumpOptions::new`].
///
/// # Errors
/// When the value cannot be represented in the format, or the writer fails. What
/// was already written stays written.
pub fn dump<W: IntoWriter>(
    writer: W,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeError<W::Error>> {
    DumpOptions::new().dump(writer, value)
}

/// Dumps a value into the start of a slice, with the version byte in front:
/// [`DumpOptions::dump_to_slice`] with [`DumpOptions::new`].
///
/// ```
/// use execnet_serializer::{Document, dump_to_slice};
///
/// let mut buffer = [0; 32];
/// let bytes = dump_to_slice(&("answer", 42), &mut buffer)?;
/// assert_eq!(Document::<3>::loads(bytes)?.root().items().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the value cannot be represented in the format, or the slice is too short
/// for it.
pub fn dump_to_slice<'b>(
    value: &(impl Dump + ?Sized),
    buffer: &'b mut [u8],
) -> Result<&'b mut [u8], EncodeError<SliceWriteError>> {
    DumpOptions::new().dump_to_slice(value, buffer)
}

/// Dumps a value into a [`heapless::Vec`], with the version byte in front:
/// [`DumpOptions::dump_to_heapless`] with [`DumpOptions::new`].
///
/// ```
/// use execnet_serializer::dump_to_heapless;
///
/// assert_eq!(dump_to_heapless::<8>("x")?, b"\x02N\0\0\0\x01xQ");
/// assert!(dump_to_heapless::<7>("x").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the value cannot be represented in the format, or takes more than `N`
/// bytes.
pub fn dump_to_heapless<const N: usize>(
    value: &(impl Dump + ?Sized),
) -> Result<heapless::Vec<u8, N>, EncodeError<heapless::CapacityError>> {
    DumpOptions::new().dump_to_heapless(value)
}

impl DumpOptions {
    /// Dumps a value into a [`Vec`].
    ///
    /// # Errors
    /// When the value cannot be represented in the format.
    #[cfg(feature = "alloc")]
    pub fn dumps(&self, value: &(impl Dump + ?Sized)) -> Result<Vec<u8>, DumpError> {
        self.encode(Vec::new(), value)
            .map_err(EncodeError::into_value_error)
    }

    /// Dumps a value into a writer, without building the whole first.
    ///
    /// Each opcode is a write of its own: use a buffered writer if that is a
    /// system call, and flush it, because dropping it hides errors.
    ///
    /// # Errors
    /// When the value cannot be represented in the format, or the writer fails.
    /// What was already written stays written.
    pub fn dump<W: IntoWriter>(
        &self,
        writer: W,
        value: &(impl Dump + ?Sized),
    ) -> Result<(), EncodeError<W::Error>> {
        self.encode(writer.into_writer(), value).map(drop)
    }

    /// Dumps a value into the start of a slice, without a heap, and returns the
    /// bytes of the value.
    ///
    /// # Errors
    /// When the value cannot be represented in the format, or the slice is too
    /// short for it.
    pub fn dump_to_slice<'b>(
        &self,
        value: &(impl Dump + ?Sized),
        buffer: &'b mut [u8],
    ) -> Result<&'b mut [u8], EncodeError<SliceWriteError>> {
        let capacity = buffer.len();
        let left = self.encode(&mut *buffer, value)?.len();
        Ok(buffer.get_mut(..capacity - left).unwrap_or_default())
    }

    /// Dumps a value into a [`heapless::Vec`].
    ///
    /// # Errors
    /// When the value cannot be represented in the format, or takes more than
    /// `N` bytes.
    pub fn dump_to_heapless<const N: usize>(
        &self,
        value: &(impl Dump + ?Sized),
    ) -> Result<heapless::Vec<u8, N>, EncodeError<heapless::CapacityError>> {
        self.encode(heapless::Vec::new(), value)
    }

    fn encode<W: Write>(
        &self,
        sink: W,
        value: &(impl Dump + ?Sized),
    ) -> Result<W, EncodeError<W::Error>> {
        let mut encoder = Encoder::new(sink);
        if !self.is_wire() {
            encoder.version()?;
        }
        value.dump(&mut encoder)?;
        encoder.stop()?;
        Ok(encoder.into_inner())
    }
}
