//! Values without parts, read and not yet decoded.

use crate::error::LoadError;
use crate::opcode::Operand;
use crate::reader::Cursor;
use crate::token::counted;
use crate::{ChannelId, Complex, Opcode, Token};

/// The opcode of a value without parts, its operand, and where it stands.
///
/// All of them are read alike, with one look at a table: what the opcode means
/// is looked at once, where the value is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf<'a> {
    pub(crate) opcode: Opcode,
    /// Of the size that the opcode asks for; without the length in front of
    /// bytes and text.
    pub(crate) operand: &'a [u8],
    pub(crate) offset: usize,
}

const PY3STRING: u8 = Opcode::Py3String.byte();
const INT: u8 = Opcode::Int.byte();
const FLOAT: u8 = Opcode::Float.byte();

impl<'a> Leaf<'a> {
    /// The bytes in front of an operand that has a length: it and the opcode.
    pub(crate) const COUNTED: usize = 5;

    /// The next leaf; none, and the cursor stays, if something else is next.
    #[inline(always)]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, LoadError> {
        let offset = cursor.offset();
        // The most frequent first, and not by the table: where the next opcode is
        // must not wait for it.
        let (opcode, operand) = match cursor.peek() {
            Some(PY3STRING) => (Opcode::Py3String, counted_behind(cursor)?),
            Some(INT) => (Opcode::Int, cursor.behind(4)?),
            Some(FLOAT) => (Opcode::Float, cursor.behind(8)?),
            byte => match byte.and_then(Opcode::with_operand) {
                None | Some((_, Operand::Parts)) => return Ok(None),
                Some((opcode, Operand::Counted)) => (opcode, counted_behind(cursor)?),
                Some((opcode, Operand::Fixed(len))) => (opcode, cursor.behind(len.into())?),
            },
        };
        Ok(Some(Self {
            opcode,
            operand,
            offset,
        }))
    }

    #[inline(always)]
    pub(crate) fn token(self) -> Token<'a> {
        match self.opcode {
            Opcode::True => Token::Bool(true),
            Opcode::False => Token::Bool(false),
            Opcode::Int => Token::Int(self.int()),
            Opcode::Long => Token::Long(self.int()),
            Opcode::LongInt => Token::LongInt(self.operand),
            Opcode::LongLong => Token::LongLong(self.operand),
            Opcode::Float => Token::Float(self.float()),
            Opcode::Complex => Token::Complex(self.complex()),
            Opcode::Bytes => Token::Bytes(self.operand),
            Opcode::Py2String => Token::Py2String(self.operand),
            Opcode::Py3String => Token::Py3String(self.operand),
            Opcode::Unicode => Token::Unicode(self.operand),
            Opcode::Channel => Token::Channel(self.channel()),
            // `None`; the rest are no leaves.
            _ => Token::None,
        }
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

/// The bytes that the opcode the cursor stands on counts.
#[inline(always)]
fn counted_behind<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], LoadError> {
    match cursor.eat_counted() {
        Some(bytes) => Ok(bytes),
        // In steps, to say which of them fails.
        None => {
            cursor.skip();
            counted(cursor)
        }
    }
}

/// An operand of the size its opcode asks for.
#[inline(always)]
fn fixed<T: Copy + Default, const N: usize>(operand: &[T]) -> [T; N] {
    // Read in that size; the default is never seen.
    operand.first_chunk().copied().unwrap_or([T::default(); N])
}
