//! JSON into values.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

use super::error::{FromJsonError, FromJsonErrorKind as Kind};
use super::marker;
use crate::{ChannelId, Complex, Dict, Int, Limits, Set, Value};

/// The value that JSON stands for, by [the table](self).
///
/// Plain JSON reads as one expects: objects as dicts, arrays as lists, numbers
/// with a point or an exponent as floats. In keys and sets arrays are tuples.
///
/// # Errors
/// When what stands under a marker is not what the table says, a key or
/// element is unhashable, or the value is nested deeper than
/// [`Limits::MAX_DEPTH`].
pub fn from_json(json: Json) -> Result<Value, FromJsonError> {
    Reader {
        depth: 0,
        keys: false,
    }
    .value(json)
}

/// Where in the value the reader is.
#[derive(Clone, Copy)]
struct Reader {
    /// How many containers there are around.
    depth: u16,
    /// Whether here is a dict's key or a set's element.
    keys: bool,
}

impl Reader {
    fn value(self, json: Json) -> Result<Value, FromJsonError> {
        Ok(match json {
            Json::Null => Value::None,
            Json::Bool(value) => Value::Bool(value),
            Json::Number(number) => plain_number(&number)?,
            Json::String(text) => Value::Str(text),
            Json::Array(items) if self.keys => Value::Tuple(self.inner()?.items(items)?),
            Json::Array(items) => Value::List(self.inner()?.items(items)?),
            Json::Object(members) => return self.object(members),
        })
    }

    /// The reader of what is in a container that stands here.
    fn inner(mut self) -> Result<Self, FromJsonError> {
        if self.depth == Limits::MAX_DEPTH {
            return Err(FromJsonError::new(Kind::Depth(Limits::MAX_DEPTH)));
        }
        self.depth += 1;
        Ok(self)
    }

    fn items<C: FromIterator<Value>>(self, items: Vec<Json>) -> Result<C, FromJsonError> {
        let item = |(index, item)| {
            self.value(item)
                .map_err(|error| error.under(index_step(index)))
        };
        items.into_iter().enumerate().map(item).collect()
    }

    fn object(self, mut members: Map<String, Json>) -> Result<Value, FromJsonError> {
        let marker = match members.keys().next() {
            Some(key) if members.len() == 1 => marker::ALL.into_iter().find(|marker| marker == key),
            _ => None,
        };
        match marker {
            Some(marker) => {
                let content = members.remove(marker).unwrap_or_default();
                let value = self.marked(marker, content);
                value.map_err(|error| error.under(marker))
            }
            None => self.members(members).map(Value::Dict),
        }
    }

    fn members(self, members: Map<String, Json>) -> Result<Dict, FromJsonError> {
        self.hashable(false)?;
        let inner = self.inner()?;
        let pair = |(key, json): (String, Json)| match inner.value(json) {
            Ok(value) => Ok((Value::Str(key), value)),
            Err(error) => Err(error.under(key)),
        };
        members.into_iter().map(pair).collect()
    }

    /// What stands under a marker.
    fn marked(self, marker: &'static str, content: Json) -> Result<Value, FromJsonError> {
        Ok(match marker {
            marker::INT => Value::Int(int(&content)?),
            marker::FLOAT => Value::Float(float(&content)?),
            marker::COMPLEX => Value::Complex(complex(&content)?),
            marker::BYTES => Value::Bytes(bytes(&content)?),
            marker::CHANNEL => Value::Channel(channel(&content)?),
            marker::TUPLE => Value::Tuple(self.inner()?.items(array(content)?)?),
            marker::DICT => Value::Dict(self.dict(content)?),
            marker::SET => Value::Set(self.set(content, false)?),
            _ => Value::FrozenSet(self.set(content, true)?),
        })
    }

    fn dict(self, content: Json) -> Result<Dict, FromJsonError> {
        self.hashable(false)?;
        let inner = self.inner()?;
        let pair = |(index, pair): (usize, Json)| {
            inner
                .pair(pair)
                .map_err(|error| error.under(index_step(index)))
        };
        array(content)?.into_iter().enumerate().map(pair).collect()
    }

    fn pair(self, pair: Json) -> Result<(Value, Value), FromJsonError> {
        let pair: Result<[Json; 2], _> = array(pair)?.try_into();
        let [key, value] = pair.map_err(|_| wants("an array of a key and its value"))?;
        let keys = Self { keys: true, ..self };
        let key = keys.value(key).map_err(|error| error.under("0"))?;
        let value = self.value(value).map_err(|error| error.under("1"))?;
        Ok((key, value))
    }

    fn set(self, content: Json, hashable: bool) -> Result<Set, FromJsonError> {
        self.hashable(hashable)?;
        let mut inner = self.inner()?;
        inner.keys = true;
        inner.items(array(content)?)
    }

    /// Refuses what cannot be a key where one is due.
    fn hashable(self, hashable: bool) -> Result<(), FromJsonError> {
        if self.keys && !hashable {
            return Err(FromJsonError::new(Kind::Unhashable));
        }
        Ok(())
    }
}

#[cold]
fn wants(what: &'static str) -> FromJsonError {
    FromJsonError::new(Kind::Wants(what))
}

#[cold]
fn index_step(index: usize) -> String {
    index.to_string()
}

fn array(content: Json) -> Result<Vec<Json>, FromJsonError> {
    match content {
        Json::Array(items) => Ok(items),
        _ => Err(wants("an array")),
    }
}

fn plain_number(number: &Number) -> Result<Value, FromJsonError> {
    if let Some(value) = number.as_i64() {
        return Ok(Value::from(value));
    }
    if let Some(value) = number.as_u64() {
        return Ok(Value::from(value));
    }
    // Where serde_json keeps numbers as text, integers of any size are whole.
    match (number.to_string().parse(), number.as_f64()) {
        (Ok(value), _) => Ok(Value::Int(value)),
        (Err(_), Some(value)) => Ok(Value::Float(value)),
        (Err(_), None) => Err(wants("a number within a double")),
    }
}

fn int(content: &Json) -> Result<Int, FromJsonError> {
    let parsed = content.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or(wants("the text of a decimal integer"))
}

fn float(content: &Json) -> Result<f64, FromJsonError> {
    match content.as_str() {
        Some("inf") => Ok(f64::INFINITY),
        Some("-inf") => Ok(f64::NEG_INFINITY),
        Some("nan") => Ok(f64::NAN),
        _ => Err(wants("\"inf\", \"-inf\" or \"nan\"")),
    }
}

fn complex(content: &Json) -> Result<Complex, FromJsonError> {
    let parts = content.as_array().map(Vec::as_slice);
    let (re, im) = match parts {
        Some([re, im]) => (part(re), part(im)),
        _ => (None, None),
    };
    let parts = re.zip(im).map(|(re, im)| Complex { re, im });
    parts.ok_or(wants("an array of two floats"))
}

fn part(json: &Json) -> Option<f64> {
    let special = json.as_object().filter(|members| members.len() == 1);
    match special.and_then(|members| members.get(marker::FLOAT)) {
        Some(content) => float(content).ok(),
        None => json.as_f64(),
    }
}

fn bytes(content: &Json) -> Result<Vec<u8>, FromJsonError> {
    let decoded = content.as_str().and_then(|text| STANDARD.decode(text).ok());
    decoded.ok_or(wants("base64 text with padding"))
}

fn channel(content: &Json) -> Result<ChannelId, FromJsonError> {
    let id = content.as_i64().and_then(|id| i32::try_from(id).ok());
    id.map(ChannelId).ok_or(wants("an integer of 32 bits"))
}
