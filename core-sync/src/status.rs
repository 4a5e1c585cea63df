use alloc::string::String;

use execnet_serializer::Value;

/// How busy a peer is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Channels that live there.
    pub numchannels: u64,
    /// Calls that run there.
    pub numexecuting: u64,
    /// How they are run.
    pub execmodel: String,
}

impl Status {
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let Value::Dict(dict) = value else {
            return None;
        };
        let figure = |key: &str| {
            let number = dict.get(&Value::from(key))?.as_i64()?;
            u64::try_from(number).ok()
        };
        let model = dict.get(&Value::from("execmodel"))?;
        Some(Self {
            numchannels: figure("numchannels")?,
            numexecuting: figure("numexecuting")?,
            execmodel: String::from(model.as_str()?),
        })
    }
}
