//! Values of the greatest depth, read as types that contain themselves in
//! every representation, on a small stack.

use std::collections::HashMap;
use std::thread;

use execnet_serializer::{DumpOptions, Limits, LoadOptions, Value, to_vec, value};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Plain {
    next: Option<Box<Plain>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Node { next: Option<Box<Tagged>> },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Newtype {
    Node(Inner),
}

#[derive(Serialize, Deserialize)]
struct Inner {
    next: Option<Box<Newtype>>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "next")]
enum Adjacent {
    Node(Option<Box<Adjacent>>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Node { next: Option<Box<Untagged>> },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Lists {
    Number(i64),
    Text(String),
    List(Vec<Lists>),
}

#[derive(Serialize, Deserialize)]
struct Flattened {
    kind: String,
    #[serde(flatten)]
    more: HashMap<String, Flattened>,
}

#[derive(Serialize, Deserialize)]
enum External {
    Node { next: Option<Box<External>> },
}

/// Reads a value; that it fails is not the point, and that it does not come to
/// an end takes the process with it.
fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8]) {
    drop(LoadOptions::wire().from_slice::<T>(bytes));
}

#[test]
fn types_that_contain_themselves_fit_a_small_stack() {
    let depth = Limits::MAX_DEPTH;
    let nest = |innermost: Value, around: fn(Value) -> Value, depth: u16| {
        let value = (1..depth).fold(innermost, |inner, _| around(inner));
        DumpOptions::wire().dumps(&value).unwrap()
    };
    let mut inputs = Vec::new();
    // The deepest that is read, and the deepest that there is.
    for depth in [Limits::TYPED_DEPTH, depth] {
        inputs.push(nest(value!([]), |inner| value!([inner]), depth));
        inputs.push(nest(
            value!({"kind": "Node", "next": None}),
            |inner| value!({"kind": "Node", "next": inner}),
            depth,
        ));
        inputs.push(nest(value!({}), |inner| value!({"Node": inner}), depth));
    }
    let small = thread::Builder::new().stack_size(1 << 20);
    let thread = small.spawn(move || {
        for bytes in inputs {
            read::<Plain>(&bytes);
            read::<Tagged>(&bytes);
            read::<Newtype>(&bytes);
            read::<Adjacent>(&bytes);
            read::<Untagged>(&bytes);
            read::<Lists>(&bytes);
            read::<Flattened>(&bytes);
            read::<External>(&bytes);
            read::<Value>(&bytes);
            read::<serde_json::Value>(&bytes);
        }
        let tagged =
            (1..Limits::TYPED_DEPTH).fold(None, |next, _| Some(Box::new(Tagged::Node { next })));
        let bytes = to_vec(&Tagged::Node { next: tagged }).unwrap();
        assert!(
            LoadOptions::wire()
                .from_slice::<Tagged>(&bytes[1..])
                .is_ok()
        );
    });
    thread.unwrap().join().unwrap();
}
