//! A decoded call of the peer.

use alloc::format;
use alloc::string::String;

use execnet_serializer::{LoadOptions, Value};

use super::Kwargs;

const MALFORMED: &str = "a call is a tuple of source, file name, call name and keyword arguments";

/// The decoded payload of CHANNEL_EXEC.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) source: String,
    pub(super) call_name: Option<String>,
    pub(super) kwargs: Kwargs,
}

impl Request {
    /// Decodes a tuple of four values, or a list, which stock workers accept as well.
    ///
    /// # Errors
    ///
    /// The text for the peer.
    pub(super) fn decode(payload: &[u8], options: LoadOptions) -> Result<Self, String> {
        let value = options.loads(payload);
        let value = value.map_err(|error| format!("the call cannot be decoded: {error}"))?;
        Self::from_value(value).ok_or_else(|| MALFORMED.into())
    }

    fn from_value(value: Value) -> Option<Self> {
        let (Value::Tuple(parts) | Value::List(parts)) = value else {
            return None;
        };
        let [source, _file_name, call_name, kwargs] = <[Value; 4]>::try_from(parts).ok()?;
        let Value::Str(source) = source else {
            return None;
        };
        let call_name = match call_name {
            Value::Str(name) if !name.is_empty() => Some(String::from(name)),
            Value::Str(_) | Value::None => None,
            _ => return None,
        };
        // Without a call name they are ignored, whatever they are.
        let kwargs = match (&call_name, kwargs) {
            (None, _) => Kwargs::default(),
            (Some(_), Value::Dict(dict)) => Kwargs::new(dict),
            (Some(_), _) => return None,
        };
        Some(Self {
            source: source.into(),
            call_name,
            kwargs,
        })
    }
}
