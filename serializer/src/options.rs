//! [`LoadOptions`] of every decoder, and [`DumpOptions`] of what dumps whole values.

use crate::error::{LoadError, LoadErrorKind};
use crate::{FORMAT_VERSION, Limits, StrConfig};

/// How to load: the form of the input, the reading of strings, and the limits.
///
/// | | version byte | strings | input |
/// |---|---|---|---|
/// | [`new`](Self::new) | yes | [`StrConfig::STORED`] | what `dump` and `dumps` write, in Python too |
/// | [`wire`](Self::wire) | no | [`StrConfig::CHANNEL`] | payloads of frames: Python's `dumps_internal` |
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use execnet_serializer::{LoadOptions, StrConfig, Value};
/// // What a Python 2 program stored with `dumps("a")` of execnet 1.9.
/// let stored = b"\x01M\0\0\0\x01aQ";
/// let options = LoadOptions::new().with_strings(StrConfig {
///     py2str_as_py3str: true,
///     ..StrConfig::STORED
/// });
/// assert_eq!(options.loads(stored)?, Value::from("a"));
/// assert_eq!(LoadOptions::wire().loads(&stored[1..])?, Value::from("a"));
/// # }
/// # Ok::<(), execnet_serializer::LoadError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    strings: StrConfig,
    limits: Limits,
    wire: bool,
}

impl LoadOptions {
    /// The stored form, as `loads` reads it: a version byte and a value, with
    /// [`StrConfig::STORED`] and default limits.
    #[inline]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The wire form: a value without version byte, with
    /// [`StrConfig::CHANNEL`] and default limits.
    #[inline]
    #[must_use]
    pub fn wire() -> Self {
        Self {
            strings: StrConfig::CHANNEL,
            limits: Limits::default(),
            wire: true,
        }
    }

    /// Sets how strings of Python 2 and 3 are read.
    #[must_use]
    pub const fn with_strings(mut self, strings: StrConfig) -> Self {
        self.strings = strings;
        self
    }

    /// Sets the bounds of one value.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How strings of Python 2 and 3 are read.
    #[must_use]
    pub const fn strings(&self) -> StrConfig {
        self.strings
    }

    /// The bounds of one value.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether the input has the wire form, without version byte.
    #[must_use]
    pub const fn is_wire(&self) -> bool {
        self.wire
    }

    /// The number of bytes in front of the value.
    #[cfg(feature = "alloc")]
    pub(crate) const fn version_len(&self) -> usize {
        !self.wire as usize
    }

    /// The value after the version byte, and the length of that byte, by which
    /// offsets in the value are less than those in the input.
    ///
    /// Version 1 was written by execnet 1.x, version 2 is written since 2.0. The
    /// formats differ in this byte alone, so both are accepted.
    #[inline]
    pub(crate) fn body<'a>(&self, bytes: &'a [u8]) -> Result<(&'a [u8], usize), LoadError> {
        let kind = match bytes.split_first() {
            _ if self.wire => return Ok((bytes, 0)),
            Some((1..=FORMAT_VERSION, body)) => return Ok((body, 1)),
            Some((&byte, _)) => LoadErrorKind::Version(byte),
            None => LoadErrorKind::UnexpectedEnd { wanted: 1, left: 0 },
        };
        Err(LoadError::new(kind, 0))
    }
}

/// How to dump: the form of the output.
///
/// | | version byte | output |
/// |---|---|---|
/// | [`new`](Self::new) | yes | what `load` and `loads` read, in Python too |
/// | [`wire`](Self::wire) | no | payloads of frames: what Python's `loads_internal` reads |
///
/// ```
/// use execnet_serializer::DumpOptions;
/// let mut buffer = [0; 8];
/// assert_eq!(DumpOptions::new().dump_to_slice("x", &mut buffer)?, b"\x02N\0\0\0\x01xQ");
/// assert_eq!(DumpOptions::wire().dump_to_slice("x", &mut buffer)?, b"N\0\0\0\x01xQ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DumpOptions {
    wire: bool,
}

impl DumpOptions {
    /// The stored form, as `dumps` writes it: a version byte and a value.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { wire: false }
    }

    /// The wire form: a value without version byte.
    #[inline]
    #[must_use]
    pub const fn wire() -> Self {
        Self { wire: true }
    }

    /// Whether the output has the wire form, without version byte.
    #[inline]
    #[must_use]
    pub const fn is_wire(&self) -> bool {
        self.wire
    }
}
