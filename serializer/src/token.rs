//! [`Token`]s: opcodes with their operands, read one by one and borrowed from the input.

use crate::error::LoadError;
use crate::reader::Cursor;
use crate::scalar::Scalar;
use crate::{ChannelId, Complex, Opcode};

/// One opcode with its operand, borrowed from the input.
///
/// Text is its bytes, not validated as UTF-8, and decimal integers are their
/// digits. The conversion, which depends on [`StrConfig`](crate::StrConfig), is
/// left to the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of 32 bits.
    Int(i32),
    /// An integer of 32 bits, `long` in Python 2.
    Long(i32),
    /// An integer as decimal text.
    LongInt(&'a [u8]),
    /// An integer as decimal text, `long` in Python 2.
    LongLong(&'a [u8]),
    /// A double.
    Float(f64),
    /// A complex number.
    Complex(Complex),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A Python 2 `str`.
    Py2String(&'a [u8]),
    /// A Python 3 `str`, UTF-8.
    Py3String(&'a [u8]),
    /// A Python 2 `unicode`, UTF-8.
    Unicode(&'a [u8]),
    /// A list of this many slots, set by the items that follow.
    NewList(u32),
    /// An empty dict, set by the items that follow.
    NewDict,
    /// Sets the value on top of the stack under the key below it.
    SetItem,
    /// A tuple of the topmost values.
    BuildTuple(u32),
    /// A set of the topmost values.
    Set(u32),
    /// A frozenset of the topmost values.
    FrozenSet(u32),
    /// A channel.
    Channel(ChannelId),
    /// The end of the value.
    Stop,
}

impl<'a> Token<'a> {
    /// Reads the next token.
    #[inline(always)]
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, LoadError> {
        if let Some(scalar) = Scalar::read(cursor)? {
            return Ok(scalar.into());
        }
        Ok(match cursor.opcode()? {
            Opcode::NewList => Token::NewList(cursor.count()?),
            Opcode::NewDict => Token::NewDict,
            Opcode::SetItem => Token::SetItem,
            Opcode::BuildTuple => Token::BuildTuple(cursor.count()?),
            Opcode::Set => Token::Set(cursor.count()?),
            Opcode::FrozenSet => Token::FrozenSet(cursor.count()?),
            // The rest are scalars.
            _ => Token::Stop,
        })
    }

    /// The opcode this token was read from.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Token::None => Opcode::None,
            Token::Bool(true) => Opcode::True,
            Token::Bool(false) => Opcode::False,
            Token::Int(_) => Opcode::Int,
            Token::Long(_) => Opcode::Long,
            Token::LongInt(_) => Opcode::LongInt,
            Token::LongLong(_) => Opcode::LongLong,
            Token::Float(_) => Opcode::Float,
            Token::Complex(_) => Opcode::Complex,
            Token::Bytes(_) => Opcode::Bytes,
            Token::Py2String(_) => Opcode::Py2String,
            Token::Py3String(_) => Opcode::Py3String,
            Token::Unicode(_) => Opcode::Unicode,
            Token::NewList(_) => Opcode::NewList,
            Token::NewDict => Opcode::NewDict,
            Token::SetItem => Opcode::SetItem,
            Token::BuildTuple(_) => Opcode::BuildTuple,
            Token::Set(_) => Opcode::Set,
            Token::FrozenSet(_) => Opcode::FrozenSet,
            Token::Channel(_) => Opcode::Channel,
            Token::Stop => Opcode::Stop,
        }
    }
}

impl<'a> From<Scalar<'a>> for Token<'a> {
    #[inline(always)]
    fn from(scalar: Scalar<'a>) -> Self {
        match scalar.opcode {
            Opcode::True => Token::Bool(true),
            Opcode::False => Token::Bool(false),
            Opcode::Int => Token::Int(scalar.int()),
            Opcode::Long => Token::Long(scalar.int()),
            Opcode::LongInt => Token::LongInt(scalar.operand),
            Opcode::LongLong => Token::LongLong(scalar.operand),
            Opcode::Float => Token::Float(scalar.float()),
            Opcode::Complex => Token::Complex(scalar.complex()),
            Opcode::Bytes => Token::Bytes(scalar.operand),
            Opcode::Py2String => Token::Py2String(scalar.operand),
            Opcode::Py3String => Token::Py3String(scalar.operand),
            Opcode::Unicode => Token::Unicode(scalar.operand),
            Opcode::Channel => Token::Channel(scalar.channel()),
            // `None`; the rest are no scalars.
            _ => Token::None,
        }
    }
}

/// The tokens of one value, up to and including its STOP, without allocation.
///
/// The iterator checks each token by itself but not their order. It returns the
/// tokens before the first error, the error, and then `None`.
///
/// ```
/// use execnet_serializer::{Token, Tokens};
/// let mut tokens = Tokens::new(b"F\0\0\0\x2aQ");
/// assert_eq!(tokens.next(), Some(Ok(Token::Int(42))));
/// assert_eq!(tokens.offset(), 5);
/// assert_eq!(tokens.next(), Some(Ok(Token::Stop)));
/// assert_eq!(tokens.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    cursor: Cursor<'a>,
    done: bool,
}

impl<'a> Tokens<'a> {
    /// The tokens of a value without version byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            done: false,
        }
    }

    /// The number of bytes of the tokens returned so far, where the next one
    /// starts.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.cursor.offset()
    }

    /// The bytes after the tokens returned so far.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<Token<'a>, LoadError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        // On an error the cursor stays in front of the token, so that `offset` is
        // where it starts.
        let mut ahead = self.cursor;
        let token = Token::read(&mut ahead);
        match &token {
            Ok(read) => {
                self.cursor = ahead;
                self.done = matches!(read, Token::Stop);
            }
            Err(_) => self.done = true,
        }
        Some(token)
    }
}

impl core::iter::FusedIterator for Tokens<'_> {}
