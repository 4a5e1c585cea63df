//! The status of a peer.

use alloc::string::String;

use execnet_serializer::{Dict, Value};

/// The status of a peer.
///
/// A peer may answer with any dict, as in stock execnet. Missing values are 0 or empty here, and further ones are in
/// [`values`](Self::values).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Number of open channels.
    pub num_channels: u64,
    /// Number of running calls.
    pub num_executing: u64,
    /// The execution model of the peer.
    pub exec_model: String,
    /// All values of the answer.
    pub values: Dict,
}

impl Status {
    pub(crate) fn from_value(value: Value) -> Option<Self> {
        let Value::Dict(values) = value else {
            return None;
        };
        let figure = |key: &str| {
            let number = values.get(key).and_then(Value::as_i64);
            number.and_then(|number| u64::try_from(number).ok())
        };
        let model = values.get("execmodel").and_then(Value::as_str);
        Some(Self {
            num_channels: figure("numchannels").unwrap_or_default(),
            num_executing: figure("numexecuting").unwrap_or_default(),
            exec_model: String::from(model.unwrap_or_default()),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use execnet_serializer::{Value, value};

    use super::Status;

    #[test]
    fn any_dict_is_a_status() {
        let answer = value!({"numchannels": 2, "execmodel": 3, "uptime": 9});
        let status = Status::from_value(answer).unwrap();
        assert_eq!((status.num_channels, status.num_executing), (2, 0));
        assert_eq!(status.exec_model, "");
        assert_eq!(status.values.get("uptime"), Some(&Value::from(9)));
        let negative = Status::from_value(value!({"numexecuting": (-1)})).unwrap();
        assert_eq!(negative.num_executing, 0);
        assert!(Status::from_value(value!({})).unwrap().values.is_empty());
        for other in [
            Value::None,
            Value::from("thread"),
            value!([("numchannels", 1)]),
        ] {
            assert_eq!(Status::from_value(other), None);
        }
    }
}
