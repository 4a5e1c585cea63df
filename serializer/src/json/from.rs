//! [`from_json`]: converts `serde_json`'s values into values of the format.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

use super::error::{FromJsonError, FromJsonErrorKind as Kind};
use super::marker;
use crate::{ChannelId, Complex, Dict, Int, Limits, Set, Value};

/// Converts JSON into a value by [the table](super).
///
/// In plain JSON, objects are dicts, arrays are lists, and numbers with a point
/// or an exponent are floats. In keys and sets arrays are tuples.
///
/// # Errors
/// When the content of a marker does not match the table, a key or element is
/// unhashable, or the value is nested deeper than [`Limits::MAX_DEPTH`].
pub fn from_json(json: Json) -> Result<Value, FromJsonError> {
    Reader {
        depth: 0,
        keys: false,
    }
    .value(json)
}

/// The position of the reader in the value.
#[derive(Clone, Copy)]
struct Reader {
    /// The number of containers around this position.
    depth: u16,
    /// Whether this is a dict key or a set element, which must be hashable.
    keys: bool,
}

/// A value whose parts are still JSON.
enum Shape {
    Leaf(Value),
    Items(Items, Vec<Json>),
    /// A dict as object.
    Members(Map<String, Json>),
    /// A dict as array of pairs.
    Pairs(Vec<Json>),
}

/// The kind of value that items become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Items {
    List,
    Tuple,
    Set,
    FrozenSet,
}

impl Items {
    fn value(self, items: Vec<Value>) -> Value {
        match self {
            Self::List => Value::List(items),
            Self::Tuple => Value::Tuple(items),
            Self::Set => Value::Set(Set::from_iter(items)),
            Self::FrozenSet => Value::FrozenSet(Set::from_iter(items)),
        }
    }
}

// Recursive functions are small and use loops: iterator adaptors take several
// times the stack in unoptimised builds.
impl Reader {
    fn value(self, json: Json) -> Result<Value, FromJsonError> {
        let (shape, marker) = self.shape(json)?;
        let value = match shape {
            Shape::Leaf(value) => Ok(value),
            Shape::Items(kind, items) => self.inner()?.items(kind, items),
            Shape::Members(members) => self.inner()?.members(members),
            Shape::Pairs(pairs) => self.inner()?.pairs(pairs),
        };
        match marker {
            Some(marker) => value.map_err(|error| error.under(marker)),
            None => value,
        }
    }

    #[inline(never)]
    fn items(mut self, kind: Items, items: Vec<Json>) -> Result<Value, FromJsonError> {
        self.keys |= matches!(kind, Items::Set | Items::FrozenSet);
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match self.value(item) {
                Ok(value) => values.push(value),
                Err(error) => return Err(error.under_index(index)),
            }
        }
        Ok(kind.value(values))
    }

    #[inline(never)]
    fn members(self, members: Map<String, Json>) -> Result<Value, FromJsonError> {
        let mut pairs = Vec::with_capacity(members.len());
        for (key, json) in members {
            match self.value(json) {
                Ok(value) => pairs.push((Value::from(key), value)),
                Err(error) => return Err(error.under(key)),
            }
        }
        Ok(Value::Dict(Dict::from_iter(pairs)))
    }

    #[inline(never)]
    fn pairs(self, content: Vec<Json>) -> Result<Value, FromJsonError> {
        let mut pairs = Vec::with_capacity(content.len());
        for (index, pair) in content.into_iter().enumerate() {
            match self.pair(pair) {
                Ok(pair) => pairs.push(pair),
                Err(error) => return Err(error.under_index(index)),
            }
        }
        Ok(Value::Dict(Dict::from_iter(pairs)))
    }

    fn pair(self, pair: Json) -> Result<(Value, Value), FromJsonError> {
        let pair: Result<[Json; 2], _> = array(pair)?.try_into();
        let [key, value] = pair.map_err(|_| expected("an array of a key and its value"))?;
        let keys = Self { keys: true, ..self };
        let key = keys.value(key).map_err(|error| error.under_index(0))?;
        let value = self.value(value).map_err(|error| error.under_index(1))?;
        Ok((key, value))
    }

    /// The reader for the content of a container at this position.
    fn inner(mut self) -> Result<Self, FromJsonError> {
        if self.depth == Limits::MAX_DEPTH {
            return Err(FromJsonError::new(Kind::Depth(Limits::MAX_DEPTH)));
        }
        self.depth += 1;
        Ok(self)
    }

    /// The kind of a value, and the marker that its content stands under.
    #[inline(never)]
    fn shape(self, json: Json) -> Result<(Shape, Option<&'static str>), FromJsonError> {
        let shape = match json {
            Json::Null => Shape::Leaf(Value::None),
            Json::Bool(value) => Shape::Leaf(Value::Bool(value)),
            Json::Number(number) => Shape::Leaf(plain_number(&number)?),
            Json::String(text) => Shape::Leaf(Value::from(text)),
            // A list cannot be a key, so an array there was a tuple.
            Json::Array(items) if self.keys => Shape::Items(Items::Tuple, items),
            Json::Array(items) => Shape::Items(Items::List, items),
            Json::Object(mut members) => match sole_marker(&members) {
                Some(marker) => {
                    let content = members.remove(marker).unwrap_or_default();
                    let shape = self.marked(marker, content);
                    let shape = shape.map_err(|error| error.under(marker))?;
                    return Ok((shape, Some(marker)));
                }
                None => self.unhashable(Shape::Members(members))?,
            },
        };
        Ok((shape, None))
    }

    /// The content of a marker.
    fn marked(self, marker: &'static str, content: Json) -> Result<Shape, FromJsonError> {
        Ok(match marker {
            marker::TUPLE => Shape::Items(Items::Tuple, array(content)?),
            marker::FROZENSET => Shape::Items(Items::FrozenSet, array(content)?),
            marker::SET => self.unhashable(Shape::Items(Items::Set, array(content)?))?,
            marker::DICT => self.unhashable(Shape::Pairs(array(content)?))?,
            _ => Shape::Leaf(leaf(marker, &content)?),
        })
    }

    /// Fails for a shape that cannot be a key, if a key is expected.
    fn unhashable(self, shape: Shape) -> Result<Shape, FromJsonError> {
        if self.keys {
            return Err(FromJsonError::new(Kind::Unhashable));
        }
        Ok(shape)
    }
}

/// The marker that is an object's one key.
fn sole_marker(members: &Map<String, Json>) -> Option<&'static str> {
    let mut keys = members.keys();
    let (key, None) = (keys.next()?, keys.next()) else {
        return None;
    };
    marker::ALL.into_iter().find(|marker| marker == key)
}

/// The content of the marker of a scalar.
fn leaf(marker: &str, content: &Json) -> Result<Value, FromJsonError> {
    Ok(match marker {
        marker::INT => Value::Int(int(content)?),
        marker::FLOAT => Value::Float(float(content)?),
        marker::COMPLEX => Value::Complex(complex(content)?),
        marker::BYTES => Value::Bytes(bytes(content)?),
        _ => Value::Channel(channel(content)?),
    })
}

#[cold]
fn expected(expected: &'static str) -> FromJsonError {
    FromJsonError::new(Kind::Expected(expected))
}

fn array(content: Json) -> Result<Vec<Json>, FromJsonError> {
    match content {
        Json::Array(items) => Ok(items),
        _ => Err(expected("an array")),
    }
}

fn plain_number(number: &Number) -> Result<Value, FromJsonError> {
    // `-0` is a float for `serde_json`, unless it keeps numbers as text.
    if let Some(zero) = number
        .as_f64()
        .filter(|value| value.to_bits() == (-0.0_f64).to_bits())
    {
        return Ok(Value::Float(zero));
    }
    if let Some(value) = number.as_i64() {
        return Ok(Value::from(value));
    }
    if let Some(value) = number.as_u64() {
        return Ok(Value::from(value));
    }
    // With `arbitrary_precision` serde_json keeps integers of any size exactly.
    match (number.to_string().parse(), number.as_f64()) {
        (Ok(value), _) => Ok(Value::Int(value)),
        (Err(_), Some(value)) => Ok(Value::Float(value)),
        (Err(_), None) => Err(expected("a number within a double")),
    }
}

fn int(content: &Json) -> Result<Int, FromJsonError> {
    let parsed = content.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or(expected("the text of a decimal integer"))
}

fn float(content: &Json) -> Result<f64, FromJsonError> {
    match content.as_str() {
        Some("inf") => Ok(f64::INFINITY),
        Some("-inf") => Ok(f64::NEG_INFINITY),
        Some("nan") => Ok(f64::NAN),
        _ => Err(expected("\"inf\", \"-inf\" or \"nan\"")),
    }
}

fn complex(content: &Json) -> Result<Complex, FromJsonError> {
    let parts = content.as_array().map(Vec::as_slice);
    let (re, im) = match parts {
        Some([re, im]) => (part(re), part(im)),
        _ => (None, None),
    };
    let parts = re.zip(im).map(|(re, im)| Complex { re, im });
    parts.ok_or(expected("an array of two floats"))
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
    decoded.ok_or(expected("base64 text with padding"))
}

fn channel(content: &Json) -> Result<ChannelId, FromJsonError> {
    let id = content.as_i64().and_then(|id| i32::try_from(id).ok());
    id.map(ChannelId).ok_or(expected("an integer of 32 bits"))
}
