use alloc::string::String;

use execnet_serializer::{LoadOptions, Value};

use super::{Failure, Kwargs};

/// The decoded payload of CHANNEL_EXEC.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) source: String,
    pub(super) call_name: Option<String>,
    pub(super) kwargs: Kwargs,
}

impl Request {
    /// Decodes a tuple of four values, or a list, which stock workers accept as well.
    pub(super) fn decode(payload: &[u8], options: LoadOptions) -> Result<Self, Failure> {
        let value = options.loads(payload).map_err(Failure::Load)?;
        let (Value::Tuple(parts) | Value::List(parts)) = value else {
            return Err(Failure::Malformed);
        };
        let parts = <[Value; 4]>::try_from(parts);
        let parts = parts.map_err(|_| Failure::Malformed)?;
        Self::from_parts(parts).ok_or(Failure::Malformed)
    }

    fn from_parts([source, _file_name, call_name, kwargs]: [Value; 4]) -> Option<Self> {
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
