//! Loading and dumping whole values, as execnet's functions of these names.

use alloc::vec::Vec;

use crate::encode::DUMPFORMAT_VERSION;
use crate::error::{DumpError, EncodeError, LoadError, LoadErrorKind};
use crate::value::load_value;
use crate::{Dump, Encoder, Limits, StrConfig, Value};

/// How to load: the reading of strings, and the limits.
///
/// ```
/// use execnet_serializer::{LoadOptions, StrConfig, Value};
/// // What a Python 2 program stored with `dumps("a")`.
/// let stored = b"\x02M\0\0\0\x01aQ";
/// let options = LoadOptions::new().strings(StrConfig {
///     py2str_as_py3str: true,
///     ..StrConfig::STORED
/// });
/// assert_eq!(options.loads(stored)?, Value::from("a"));
/// # Ok::<(), execnet_serializer::LoadError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    strings: StrConfig,
    limits: Limits,
}

impl LoadOptions {
    /// The options of [`loads`]: strings as stored, default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
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

    /// Loads what `dumps` wrote: a version byte and a value. Bytes after the
    /// value are ignored, as execnet does.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits.
    pub fn loads(&self, bytes: &[u8]) -> Result<Value, LoadError> {
        let body = match bytes.split_first() {
            Some((&DUMPFORMAT_VERSION, body)) => body,
            other => {
                let version = other.map(|(byte, _)| *byte);
                return Err(LoadError::new(LoadErrorKind::Version(version), 0));
            }
        };
        self.loads_internal(body).map_err(|error| error.shifted(1))
    }

    /// Loads a value without version byte, as it travels between gateways.
    /// Bytes after the value are ignored.
    ///
    /// # Errors
    /// As [`loads`](Self::loads).
    pub fn loads_internal(&self, bytes: &[u8]) -> Result<Value, LoadError> {
        self.load_prefix(bytes).map(|(value, _)| value)
    }

    /// Loads a value without version byte, and says how many bytes it took:
    /// the next one starts there.
    ///
    /// # Errors
    /// As [`loads`](Self::loads).
    pub fn load_prefix(&self, bytes: &[u8]) -> Result<(Value, usize), LoadError> {
        load_value(bytes, self.strings, self.limits)
    }
}

/// Loads what `dumps` wrote, strings as stored ([`StrConfig::STORED`]), under
/// the default limits.
///
/// # Errors
/// When the bytes are no value of the format, or exceed the limits.
pub fn loads(bytes: &[u8]) -> Result<Value, LoadError> {
    LoadOptions::new().loads(bytes)
}

/// Loads a value without version byte, strings as on the wire
/// ([`StrConfig::CHANNEL`]), under the default limits.
///
/// # Errors
/// As [`loads`].
pub fn loads_internal(bytes: &[u8]) -> Result<Value, LoadError> {
    LoadOptions::new()
        .strings(StrConfig::CHANNEL)
        .loads_internal(bytes)
}

/// Dumps a value with the version byte in front, for storage.
///
/// ```
/// use execnet_serializer::{dumps, loads, Value};
/// assert_eq!(loads(&dumps("x")?)?, Value::from("x"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the format cannot say the value.
pub fn dumps(value: &(impl Dump + ?Sized)) -> Result<Vec<u8>, DumpError> {
    encode(value, true).map_err(EncodeError::into_dump_error)
}

/// Dumps a value without version byte, as it travels between gateways.
///
/// # Errors
/// When the format cannot say the value.
pub fn dumps_internal(value: &(impl Dump + ?Sized)) -> Result<Vec<u8>, DumpError> {
    encode(value, false).map_err(EncodeError::into_dump_error)
}

fn encode(
    value: &(impl Dump + ?Sized),
    versioned: bool,
) -> Result<Vec<u8>, EncodeError<core::convert::Infallible>> {
    let mut encoder = Encoder::new(Vec::new());
    if versioned {
        encoder.version()?;
    }
    value.dump(&mut encoder)?;
    encoder.stop()?;
    Ok(encoder.into_inner())
}
