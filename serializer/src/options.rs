//! How every decoder of this crate is told what to do.

use crate::error::{LoadError, LoadErrorKind};
use crate::{DUMPFORMAT_VERSION, Limits, StrConfig};

/// How to load: the reading of strings, and the limits.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use execnet_serializer::{LoadOptions, StrConfig, Value};
/// // What a Python 2 program stored with `dumps("a")` of execnet 1.9.
/// let stored = b"\x01M\0\0\0\x01aQ";
/// let options = LoadOptions::new().strings(StrConfig {
///     py2str_as_py3str: true,
///     ..StrConfig::STORED
/// });
/// assert_eq!(options.loads(stored)?, Value::from("a"));
/// # }
/// # Ok::<(), execnet_serializer::LoadError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    strings: StrConfig,
    limits: Limits,
}

impl LoadOptions {
    /// The options of `loads`: strings as stored ([`StrConfig::STORED`]),
    /// default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The options of `loads_internal`: strings as on the wire
    /// ([`StrConfig::CHANNEL`]), default limits.
    #[must_use]
    pub fn channel() -> Self {
        Self::new().strings(StrConfig::CHANNEL)
    }

    /// Sets how strings of Python 2 and 3 are read.
    #[must_use]
    pub const fn strings(mut self, strings: StrConfig) -> Self {
        self.strings = strings;
        self
    }

    /// Sets what one value may cost.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// As set; `strings` is the setter's name.
    pub(crate) const fn string_config(&self) -> StrConfig {
        self.strings
    }

    /// As set; `limits` is the setter's name.
    pub(crate) const fn bounds(&self) -> Limits {
        self.limits
    }
}

/// The value after the version byte; offsets of its errors are one less.
///
/// Version 1 was written by execnet 1.x, version 2 is written since 2.0. Nothing
/// but this byte differs, so both are accepted.
pub(crate) fn unversioned(bytes: &[u8]) -> Result<&[u8], LoadError> {
    let kind = match bytes.split_first() {
        Some((1..=DUMPFORMAT_VERSION, body)) => return Ok(body),
        Some((&byte, _)) => LoadErrorKind::Version(byte),
        None => LoadErrorKind::UnexpectedEnd { wanted: 1, left: 0 },
    };
    Err(LoadError::new(kind, 0))
}
