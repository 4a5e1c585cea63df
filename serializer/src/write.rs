//! Whole values into writers and into memory of a fixed size.

use embedded_io::{SliceWriteError, Write};

use crate::io::IntoWriter;
use crate::{Dump, EncodeError, Encoder};

/// Dumps a value into a writer, version byte in front, without building the
/// whole first.
///
/// Each opcode is a write of its own: give a buffered writer where that is a
/// system call, and flush it, because a drop hides errors.
///
/// # Errors
/// When the format cannot represent the value, or the writer fails. What was
/// already written stays written.
pub fn dump<W: IntoWriter>(
    writer: W,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeError<W::Error>> {
    versioned(writer.into_writer(), value).map(drop)
}

/// Dumps a value without version byte into a writer.
///
/// # Errors
/// As [`dump`].
pub fn dump_internal<W: IntoWriter>(
    writer: W,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeError<W::Error>> {
    let mut encoder = Encoder::new(writer.into_writer());
    value.dump(&mut encoder)?;
    encoder.stop()
}

/// Dumps a value into the start of a slice, version byte in front, without a
/// heap. Returns the bytes of the value.
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
/// When the format cannot represent the value, or the slice is too short for it.
pub fn dump_to_slice<'b>(
    value: &(impl Dump + ?Sized),
    buffer: &'b mut [u8],
) -> Result<&'b mut [u8], EncodeError<SliceWriteError>> {
    let room = buffer.len();
    let left = versioned(&mut *buffer, value)?.len();
    Ok(buffer.get_mut(..room - left).unwrap_or_default())
}

/// Dumps a value into a [`heapless::Vec`], version byte in front.
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
/// When the format cannot represent the value, or it takes more than `N` bytes.
pub fn dump_to_heapless<const N: usize>(
    value: &(impl Dump + ?Sized),
) -> Result<heapless::Vec<u8, N>, EncodeError<heapless::CapacityError>> {
    versioned(heapless::Vec::new(), value)
}

fn versioned<W: Write>(sink: W, value: &(impl Dump + ?Sized)) -> Result<W, EncodeError<W::Error>> {
    let mut encoder = Encoder::new(sink);
    encoder.version()?;
    value.dump(&mut encoder)?;
    encoder.stop()?;
    Ok(encoder.into_inner())
}
