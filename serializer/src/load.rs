//! Loading and dumping whole values, as execnet's functions of these names.

use alloc::vec::Vec;

use crate::error::{DumpError, EncodeError, LoadError};
use crate::options::{LoadOptions, unversioned};
use crate::value::load_value;
use crate::{Dump, Encoder, Value};

impl LoadOptions {
    /// Loads what `dumps` wrote: a version byte and a value. Bytes after the
    /// value are ignored, as execnet does.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits.
    pub fn loads(&self, bytes: &[u8]) -> Result<Value, LoadError> {
        self.loads_internal(unversioned(bytes)?)
            .map_err(|error| error.offset_by(1))
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
        load_value(bytes, self.string_config(), self.bounds())
    }
}

/// Loads what `dumps` wrote, strings as stored ([`StrConfig::STORED`](crate::StrConfig::STORED)), under
/// the default limits.
///
/// # Errors
/// When the bytes are no value of the format, or exceed the limits.
pub fn loads(bytes: &[u8]) -> Result<Value, LoadError> {
    LoadOptions::new().loads(bytes)
}

/// Loads a value without version byte, strings as on the wire
/// ([`StrConfig::CHANNEL`](crate::StrConfig::CHANNEL)), under the default limits.
///
/// # Errors
/// As [`loads`].
pub fn loads_internal(bytes: &[u8]) -> Result<Value, LoadError> {
    LoadOptions::channel().loads_internal(bytes)
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
