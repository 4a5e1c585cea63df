//! [`to_json`] and [`to_exact_json`]: convert values into those of `serde_json`.

use alloc::string::ToString;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::marker;
use crate::{Complex, Dict, Int, Value};

/// Converts a value into JSON for people and other programs. Tuples are arrays,
/// as in Python's `json`; [the table](super) lists the rest.
///
/// ```
/// use execnet_serializer::{json::to_json, Bytes, Value};
/// let value = Value::from(("a", 1.0, Bytes(b"hi")));
/// assert_eq!(to_json(&value).to_string(), r#"["a",1.0,{"$bytes":"aGk="}]"#);
/// ```
#[must_use]
pub fn to_json(value: &Value) -> Json {
    Writer { exact: false }.value(value)
}

/// Converts a value into JSON from which [`from_json`](super::from_json) makes
/// an equal value: tuples are distinguished from lists.
///
/// ```
/// use execnet_serializer::{json::{from_json, to_exact_json}, Value};
/// let value = Value::from((1, [2.0]));
/// let json = to_exact_json(&value);
/// assert_eq!(json.to_string(), r#"{"$tuple":[1,[2.0]]}"#);
/// assert_eq!(from_json(json)?, value);
/// # Ok::<(), execnet_serializer::json::FromJsonError>(())
/// ```
#[must_use]
pub fn to_exact_json(value: &Value) -> Json {
    Writer { exact: true }.value(value)
}

#[derive(Clone, Copy)]
struct Writer {
    exact: bool,
}

// Recursive functions use loops: iterator adaptors take several times the stack
// in unoptimised builds.
impl Writer {
    fn value(self, value: &Value) -> Json {
        match value {
            Value::None => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(value) => int(value),
            Value::Float(value) => float(*value),
            Value::Complex(value) => complex(*value),
            Value::Bytes(value) => marked(marker::BYTES, STANDARD.encode(value)),
            Value::Str(value) => Json::String(value.clone().into()),
            Value::List(items) => self.array(items),
            Value::Tuple(items) if self.exact => marked(marker::TUPLE, self.array(items)),
            Value::Tuple(items) => self.array(items),
            Value::Dict(pairs) => self.dict(pairs),
            Value::Set(items) => marked(marker::SET, self.array(items)),
            Value::FrozenSet(items) => marked(marker::FROZENSET, self.array(items)),
            Value::Channel(id) => marked(marker::CHANNEL, id.0),
        }
    }

    fn array<'a>(self, items: impl IntoIterator<Item = &'a Value>) -> Json {
        let mut array = Vec::new();
        for item in items {
            array.push(self.value(item));
        }
        Json::Array(array)
    }

    fn dict(self, pairs: &Dict) -> Json {
        if is_plain(pairs) {
            let mut members = Map::new();
            for (key, value) in pairs.iter() {
                let key = key.as_str().unwrap_or_default();
                members.insert(key.into(), self.value(value));
            }
            return Json::Object(members);
        }
        let mut array = Vec::with_capacity(pairs.len());
        for (key, value) in pairs.iter() {
            array.push(Json::Array(Vec::from([self.value(key), self.value(value)])));
        }
        marked(marker::DICT, array)
    }
}

/// Whether a dict can be a JSON object that is not taken for a marker.
fn is_plain(pairs: &Dict) -> bool {
    let is_marker = |key: &str| pairs.len() == 1 && marker::ALL.contains(&key);
    let mut keys = pairs.iter().map(|(key, _)| key.as_str());
    keys.all(|key| key.is_some_and(|key| !is_marker(key)))
}

fn marked(marker: &str, content: impl Into<Json>) -> Json {
    Json::Object(Map::from_iter([(marker.into(), content.into())]))
}

fn int(value: &Int) -> Json {
    if let Ok(value) = i64::try_from(value) {
        return Json::from(value);
    }
    match u64::try_from(value) {
        Ok(value) => Json::from(value),
        Err(_) => marked(marker::INT, value.to_string()),
    }
}

fn float(value: f64) -> Json {
    match serde_json::Number::from_f64(value) {
        Some(number) => Json::Number(number),
        None if value.is_nan() => marked(marker::FLOAT, "nan"),
        None if value > 0.0 => marked(marker::FLOAT, "inf"),
        None => marked(marker::FLOAT, "-inf"),
    }
}

fn complex(value: Complex) -> Json {
    let parts = [value.re, value.im].map(float);
    marked(marker::COMPLEX, Vec::from(parts))
}
