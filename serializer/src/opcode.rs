//! The opcodes of the format.

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

use Operand::{Counted, Fixed, Parts};

/// Makes the enum and its tables from one line for each opcode: the byte, the
/// operand and the name in execnet's source.
macro_rules! opcodes {
    ($($(#[$doc:meta])+ $opcode:ident = $byte:literal, $operand:expr, $name:literal;)*) => {
        /// One opcode: the byte that starts every element of a stream.
        ///
        /// The values are those of execnet 1.5 and later, Python 2 and 3 alike
        /// (1.4.0 alone used shifted ones). The names are execnet's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $($(#[$doc])+ $opcode = $byte,)*
        }

        /// All opcodes in the order of their bytes, from `@` on without a gap.
        const ALL: [(Opcode, Operand); 21] = [$((Opcode::$opcode, $operand)),*];

        // Apart from the table that every opcode is looked up in, so that that is
        // small.
        const NAMES: [&str; 21] = [$($name),*];
    };
}

opcodes! {
    /// Pops `n` values, pushes a tuple of them.
    BuildTuple = b'@', Parts, "BUILDTUPLE";
    /// Pushes bytes.
    Bytes = b'A', Counted, "BYTES";
    /// Pushes a reference to a channel.
    Channel = b'B', Fixed(4), "CHANNEL";
    /// Pushes `False`.
    False = b'C', Fixed(0), "FALSE";
    /// Pushes an IEEE 754 double.
    Float = b'D', Fixed(8), "FLOAT";
    /// Pops `n` values, pushes a frozenset of them.
    FrozenSet = b'E', Parts, "FROZENSET";
    /// Pushes an integer of 32 bits.
    Int = b'F', Fixed(4), "INT";
    /// Pushes an integer of 32 bits that was a `long` in Python 2.
    Long = b'G', Fixed(4), "LONG";
    /// Pushes an integer written as decimal text.
    LongInt = b'H', Counted, "LONGINT";
    /// Pushes an integer written as decimal text that was a `long` in Python 2.
    LongLong = b'I', Counted, "LONGLONG";
    /// Pushes an empty dict.
    NewDict = b'J', Parts, "NEWDICT";
    /// Pushes a list of `n` empty slots.
    NewList = b'K', Parts, "NEWLIST";
    /// Pushes `None`.
    None = b'L', Fixed(0), "NONE";
    /// Pushes a Python 2 `str`: bytes, or text by latin-1.
    Py2String = b'M', Counted, "PY2STRING";
    /// Pushes a Python 3 `str`: UTF-8 text, or its bytes.
    Py3String = b'N', Counted, "PY3STRING";
    /// Pops `n` values, pushes a set of them.
    Set = b'O', Parts, "SET";
    /// Pops a value and a key and sets them in the container below.
    SetItem = b'P', Parts, "SETITEM";
    /// Ends the stream.
    Stop = b'Q', Parts, "STOP";
    /// Pushes `True`.
    True = b'R', Fixed(0), "TRUE";
    /// Pushes a Python 2 `unicode`: UTF-8 text.
    Unicode = b'S', Counted, "UNICODE";
    /// Pushes a complex number: two doubles, real part first.
    Complex = b'T', Fixed(16), "COMPLEX";
}

impl Opcode {
    /// The opcode of a byte, or `None` if it is not one of the format.
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

    /// The opcode of a byte, and its operand.
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
        NAMES[(self.byte() - b'@') as usize]
    }
}
