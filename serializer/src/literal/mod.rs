//! Python's notation of values: `repr` as [`Display`](fmt::Display), and
//! `ast.literal_eval` as [`FromStr`].

mod error;
mod float;
mod frame;
mod number;
mod parse;
mod print;
mod source;
mod string;

use core::fmt;
use core::str::FromStr;

pub use error::ParseLiteralError;

use crate::{Complex, Dict, Value};

impl fmt::Display for Value {
    /// Prints what Python's `repr` prints, and a channel as `Channel(3)`.
    ///
    /// Sets print in insertion order. The printable characters are those of the
    /// Unicode version of the Rust compiler.
    ///
    /// ```
    /// use execnet_serializer::{Bytes, Value};
    /// let value = Value::from((1.0, "it's", Bytes(b"\0a"), None::<i32>));
    /// assert_eq!(value.to_string(), r#"(1.0, "it's", b'\x00a', None)"#);
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::value(self, f)
    }
}

impl fmt::Display for Dict {
    /// Prints what Python's `repr` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::dict(self, f)
    }
}

impl fmt::Display for Complex {
    /// Prints what Python's `repr` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print::complex(*self, f)
    }
}

impl FromStr for Value {
    type Err = ParseLiteralError;

    /// Reads what Python's `ast.literal_eval` reads, and what
    /// [`Display`](fmt::Display) prints: every value reads back as itself (of
    /// a NaN its sign and payload are not printed).
    ///
    /// Beyond `literal_eval`: `inf`, `nan`, `set()`, `frozenset({1})`,
    /// `set([1])` as Python 2 prints it, `Channel(3)`. The parts of a complex
    /// number keep their signs, as in Python's `complex("-0-1j")`.
    ///
    /// Refused: `...`, characters by name (`"\N{BULLET}"`), halves of
    /// surrogate pairs, and numbers in parentheses as part of a sum.
    ///
    /// ```
    /// use execnet_serializer::Value;
    /// let value: Value = "{'a': [0x10, 1_000, -2.5], b'\\xff': (1+2j)}".parse()?;
    /// assert_eq!(value.as_dict().and_then(|dict| dict.get("a")),
    ///            Some(&"[16, 1000, -2.5]".parse()?));
    /// # Ok::<(), execnet_serializer::ParseLiteralError>(())
    /// ```
    ///
    /// # Errors
    /// When the text is no literal, or nested deeper than
    /// [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH).
    fn from_str(text: &str) -> Result<Self, ParseLiteralError> {
        parse::parse(text)
    }
}
