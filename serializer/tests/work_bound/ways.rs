//! What is done with a document.

use core::hash::{BuildHasher, BuildHasherDefault};
use core::hint::black_box;
use std::hash::DefaultHasher;
use std::io::{self, Read};

use execnet_serializer::typed::Error;
use execnet_serializer::{DumpOptions, LoadOptions, Tokens, Value};

use crate::types::{Borrowed, Flattened, Newtype, Record, Tagged, Untagged};

/// Takes the name of a way, how many times the usual bound it may cost, and the
/// way.
type Check<'a> = &'a mut dyn FnMut(&str, f64, &mut dyn FnMut());

/// For what makes the value by the calls of another crate, sorts, or reads a
/// text that is longer than the document.
const TWICE: f64 = 2.0;

/// Every way in. Whether the document is refused does not matter.
pub(crate) fn decoders(bytes: &[u8], check: Check<'_>) {
    check("loads", 1.0, &mut || {
        drop(black_box(LoadOptions::wire().loads(bytes)))
    });
    check("tokens", 1.0, &mut || {
        assert_ne!(Tokens::new(bytes).map_while(Result::ok).count(), 0)
    });
    check("document", 1.0, &mut || {
        drop(black_box(LoadOptions::wire().document_buf(bytes)))
    });
    check("value of a document", 1.0, &mut || {
        if let Ok(document) = LoadOptions::wire().document_buf(bytes) {
            drop(black_box(document.root().to_value()));
        }
    });
    for piece in [1, 7, 4096, 65536] {
        let read = || Pieces(bytes, piece);
        // A read of one byte costs as much as one of many.
        let times = if piece < 100 { TWICE } else { 1.0 };
        check(
            &format!("load, {piece} bytes at a time"),
            times,
            &mut || {
                drop(black_box(LoadOptions::wire().load(read())));
            },
        );
        check(
            &format!("stream, {piece} bytes at a time"),
            times,
            &mut || {
                let options = LoadOptions::wire();
                drop(black_box(options.stream(read()).next_value()));
            },
        );
    }
    check("as a value by serde", TWICE, &mut || typed::<Value>(bytes));
    check("as JSON by serde", TWICE, &mut || {
        typed::<serde_json::Value>(bytes)
    });
    check("ignored", 1.0, &mut || {
        typed::<serde::de::IgnoredAny>(bytes)
    });
    check("as a record", 1.0, &mut || typed::<Record>(bytes));
    check("as a flattened record", TWICE, &mut || {
        typed::<Flattened>(bytes)
    });
    check("as a tagged enum", TWICE, &mut || typed::<Tagged>(bytes));
    check("as an untagged enum", TWICE, &mut || {
        typed::<Untagged>(bytes)
    });
    check("as a newtype", 1.0, &mut || typed::<Newtype>(bytes));
    check("as borrowed texts", 1.0, &mut || {
        typed::<Borrowed<'_>>(bytes)
    });
}

fn typed<'de, T: serde::Deserialize<'de>>(bytes: &'de [u8]) {
    let read: Result<T, Error> = LoadOptions::wire().from_slice(bytes);
    // The error is printed as well.
    drop(black_box(read.map_err(|error| error.to_string())));
}

/// What is done with the value of the document, if it has one.
pub(crate) fn values(bytes: &[u8], check: Check<'_>) {
    let Ok(value) = LoadOptions::wire().loads(bytes) else {
        return;
    };
    let copy = value.clone();
    let (turned, other) = (turned(&value), twisted(&value));
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    check("equal", 1.0, &mut || assert!(black_box(&value) == &copy));
    check("equal in another order", 1.0, &mut || {
        assert!(black_box(&value) == &turned)
    });
    check("different", 1.0, &mut || {
        assert!(black_box(&value) != &other)
    });
    check("ordered", TWICE, &mut || {
        assert!(black_box(&value).cmp(&copy).is_eq())
    });
    check("ordered in another order", TWICE, &mut || {
        assert!(black_box(&value).cmp(&turned).is_eq())
    });
    check("ordered and different", TWICE, &mut || {
        assert!(black_box(&value).cmp(&other).is_ne())
    });
    check("hashed", 1.0, &mut || {
        assert_ne!(hasher.hash_one(&value), 0)
    });
    check("printed", 1.0, &mut || drop(black_box(value.to_string())));
    check("printed for debugging", 1.0, &mut || {
        drop(black_box(format!("{value:?}")))
    });
    check("cloned and dropped", 1.0, &mut || {
        drop(black_box(value.clone()))
    });
    check("dumped", 1.0, &mut || {
        drop(black_box(DumpOptions::wire().dumps(&value)))
    });
    check("looked up", 1.0, &mut || look_up(&value, &turned));
    let text = value.to_string();
    check("parsed", TWICE, &mut || {
        drop(black_box(text.parse::<Value>()))
    });
}

/// Looks up each key of a dict or set in another.
fn look_up(value: &Value, other: &Value) {
    let (dicts, sets) = (
        (value.as_dict(), other.as_dict()),
        (value.as_set(), other.as_set()),
    );
    if let (Some(dict), Some(other)) = dicts {
        black_box(dict.keys().filter(|key| other.contains_key(key)).count());
    }
    if let (Some(set), Some(other)) = sets {
        black_box(set.iter().filter(|item| other.contains(item)).count());
    }
}

/// An equal value with every dict and set in the opposite order.
fn turned(value: &Value) -> Value {
    let all = |items: &mut dyn DoubleEndedIterator<Item = &Value>| -> Vec<Value> {
        items.map(turned).collect()
    };
    match value {
        Value::List(items) => Value::List(all(&mut items.iter())),
        Value::Tuple(items) => Value::Tuple(all(&mut items.iter())),
        Value::Set(items) => Value::Set(all(&mut items.iter().rev()).into_iter().collect()),
        Value::FrozenSet(items) => {
            Value::FrozenSet(all(&mut items.iter().rev()).into_iter().collect())
        }
        Value::Dict(pairs) => {
            let pairs = pairs.iter().rev();
            Value::Dict(
                pairs
                    .map(|(key, value)| (turned(key), turned(value)))
                    .collect(),
            )
        }
        leaf => leaf.clone(),
    }
}

/// The value with its last leaf exchanged.
fn twisted(value: &Value) -> Value {
    let mut value = value.clone();
    let last = |items: &mut Vec<Value>| match items.pop() {
        Some(item) => items.push(twisted(&item)),
        None => items.push(Value::None),
    };
    match &mut value {
        Value::List(items) | Value::Tuple(items) => last(items),
        Value::Set(items) | Value::FrozenSet(items) => {
            let mut all: Vec<_> = core::mem::take(items).into_iter().collect();
            last(&mut all);
            items.extend(all);
        }
        Value::Dict(pairs) if pairs.is_empty() => drop(pairs.insert(Value::None, Value::None)),
        Value::Dict(pairs) => {
            if let Some(value) = pairs.values_mut().next_back() {
                *value = twisted(value);
            }
        }
        leaf => *leaf = "another leaf".into(),
    }
    value
}

/// Gives at most this many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(room.len());
        self.0.read(&mut room[..len])
    }
}
