//! The opcodes of the format.

/// One opcode: the byte that starts every element of a stream.
///
/// The values are those of execnet 1.5 and later, Python 2 and 3 alike
/// (1.4.0 alone used shifted ones). The names are execnet's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Pops `n` values, pushes a tuple of them.
    BuildTuple = b'@',
    /// Pushes bytes.
    Bytes = b'A',
    /// Pushes a reference to a channel.
    Channel = b'B',
    /// Pushes `False`.
    False = b'C',
    /// Pushes an IEEE 754 double.
    Float = b'D',
    /// Pops `n` values, pushes a frozenset of them.
    FrozenSet = b'E',
    /// Pushes an integer of 32 bits.
    Int = b'F',
    /// Pushes an integer of 32 bits that was a `long` in Python 2.
    Long = b'G',
    /// Pushes an integer written as decimal text.
    LongInt = b'H',
    /// Pushes an integer written as decimal text that was a `long` in Python 2.
    LongLong = b'I',
    /// Pushes an empty dict.
    NewDict = b'J',
    /// Pushes a list of `n` empty slots.
    NewList = b'K',
    /// Pushes `None`.
    None = b'L',
    /// Pushes a Python 2 `str`: bytes, or text by latin-1.
    Py2String = b'M',
    /// Pushes a Python 3 `str`: UTF-8 text, or its bytes.
    Py3String = b'N',
    /// Pops `n` values, pushes a set of them.
    Set = b'O',
    /// Pops a value and a key and sets them in the container below.
    SetItem = b'P',
    /// Ends the stream.
    Stop = b'Q',
    /// Pushes `True`.
    True = b'R',
    /// Pushes a Python 2 `unicode`: UTF-8 text.
    Unicode = b'S',
    /// Pushes a complex number: two doubles, real part first.
    Complex = b'T',
}

/// The operand that follows an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A fixed number of bytes, of a scalar.
    Fixed(u8),
    /// A length and that many bytes, of a scalar.
    Counted,
    /// The operand of an opcode of containers.
    Parts,
}

/// All opcodes in the order of their bytes, from `@` on without a gap.
const ALL: [(Opcode, Operand); 21] = {
    use Opcode as O;
    use Operand::{Counted, Fixed, Parts};
    [
        (O::BuildTuple, Parts),
        (O::Bytes, Counted),
        (O::Channel, Fixed(4)),
        (O::False, Fixed(0)),
        (O::Float, Fixed(8)),
        (O::FrozenSet, Parts),
        (O::Int, Fixed(4)),
        (O::Long, Fixed(4)),
        (O::LongInt, Counted),
        (O::LongLong, Counted),
        (O::NewDict, Parts),
        (O::NewList, Parts),
        (O::None, Fixed(0)),
        (O::Py2String, Counted),
        (O::Py3String, Counted),
        (O::Set, Parts),
        (O::SetItem, Parts),
        (O::Stop, Parts),
        (O::True, Fixed(0)),
        (O::Unicode, Counted),
        (O::Complex, Fixed(16)),
    ]
};

impl Opcode {
    /// The opcode of a byte, or `None` where the format knows none.
    ///
    /// ```
    /// use execnet_serializer::Opcode;
    /// assert_eq!(Opcode::from_byte(b'Q'), Some(Opcode::Stop));
    /// assert_eq!(Opcode::from_byte(b'U'), None);
    /// ```
    #[inline]
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::with_operand(byte).map(|(opcode, _)| opcode)
    }

    /// The opcode of a byte, and what follows it.
    #[inline(always)]
    pub(crate) fn with_operand(byte: u8) -> Option<(Self, Operand)> {
        ALL.get(usize::from(byte.wrapping_sub(b'@'))).copied()
    }

    /// The byte of this opcode.
    #[inline]
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// Whether it pushes a value without parts.
    #[cfg(all(feature = "serde", feature = "alloc"))]
    #[inline]
    pub(crate) fn is_scalar(self) -> bool {
        let operand = Self::with_operand(self.byte());
        operand.is_some_and(|(_, operand)| operand != Operand::Parts)
    }

    /// The name execnet's source gives the opcode.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BuildTuple => "BUILDTUPLE",
            Self::Bytes => "BYTES",
            Self::Channel => "CHANNEL",
            Self::False => "FALSE",
            Self::Float => "FLOAT",
            Self::FrozenSet => "FROZENSET",
            Self::Int => "INT",
            Self::Long => "LONG",
            Self::LongInt => "LONGINT",
            Self::LongLong => "LONGLONG",
            Self::NewDict => "NEWDICT",
            Self::NewList => "NEWLIST",
            Self::None => "NONE",
            Self::Py2String => "PY2STRING",
            Self::Py3String => "PY3STRING",
            Self::Set => "SET",
            Self::SetItem => "SETITEM",
            Self::Stop => "STOP",
            Self::True => "TRUE",
            Self::Unicode => "UNICODE",
            Self::Complex => "COMPLEX",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_opcode_is_found_under_its_own_byte_and_no_other_byte_is_one() {
        for byte in 0..=u8::MAX {
            match Opcode::from_byte(byte) {
                Some(opcode) => assert_eq!(opcode.byte(), byte),
                None => assert!(!(b'@'..=b'T').contains(&byte)),
            }
        }
    }
}
