//! Scalars: values without parts, read and not yet decoded.

use crate::error::LoadError;
use crate::opcode::Operand;
use crate::reader::Cursor;
use crate::{ChannelId, Complex, Opcode};

/// The opcode of a scalar, its operand and its offset.
///
/// All scalars are read by one table lookup; the opcode is interpreted only
/// when the value is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scalar<'a> {
    pub(crate) opcode: Opcode,
    /// Of the size that the opcode asks for; without the length in front of
    /// bytes and text.
    pub(crate) operand: &'a [u8],
    pub(crate) offset: usize,
}

const PY3STRING: u8 = Opcode::Py3String.byte();
const INT: u8 = Opcode::Int.byte();
const FLOAT: u8 = Opcode::Float.byte();

impl<'a> Scalar<'a> {
    /// The bytes in front of an operand that has a length: it and the opcode.
    pub(crate) const COUNTED: usize = 5;

    /// Reads a scalar. Returns `None` and leaves the cursor if the next opcode
    /// is not one.
    // As `Scalars::make`: on devices size counts.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, LoadError> {
        let offset = cursor.offset();
        // The most frequent ones first and without the table: the position of the
        // next opcode depends on the length of this one, and a load from the table
        // would be in that chain of dependencies at each value.
        let (opcode, operand) = match cursor.peek() {
            Some(PY3STRING) => (Opcode::Py3String, counted_operand(cursor)?),
            Some(INT) => (Opcode::Int, cursor.take_operand(4)?),
            Some(FLOAT) => (Opcode::Float, cursor.take_operand(8)?),
            byte => match byte.and_then(Opcode::with_operand) {
                None | Some((_, Operand::Parts)) => return Ok(None),
                Some((opcode, Operand::Counted)) => (opcode, counted_operand(cursor)?),
                Some((opcode, Operand::Fixed(len))) => (opcode, cursor.take_operand(len.into())?),
            },
        };
        Ok(Some(Self {
            opcode,
            operand,
            offset,
        }))
    }

    #[inline(always)]
    pub(crate) fn int(self) -> i32 {
        i32::from_be_bytes(fixed(self.operand))
    }

    #[inline(always)]
    pub(crate) fn float(self) -> f64 {
        f64::from_be_bytes(fixed(self.operand))
    }

    pub(crate) fn complex(self) -> Complex {
        let [re, im] = fixed::<[u8; 8], 2>(self.operand.as_chunks().0);
        let [re, im] = [re, im].map(f64::from_be_bytes);
        Complex { re, im }
    }

    #[inline(always)]
    pub(crate) fn channel(self) -> ChannelId {
        ChannelId(self.int())
    }
}

/// The counted bytes after the opcode at the cursor.
#[inline(always)]
fn counted_operand<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], LoadError> {
    match cursor.take_counted_operand() {
        Some(bytes) => Ok(bytes),
        // In steps, to say which of them fails.
        None => {
            cursor.skip();
            let len = cursor.count()?;
            // Lossless: this crate supports no target whose usize is below 32 bits
            // and yet could hold such an input.
            cursor.bytes(usize::try_from(len).unwrap_or(usize::MAX))
        }
    }
}

/// An operand of the size its opcode asks for.
#[inline(always)]
fn fixed<T: Copy + Default, const N: usize>(operand: &[T]) -> [T; N] {
    // Read in that size; the default is never seen.
    operand.first_chunk().copied().unwrap_or([T::default(); N])
}
