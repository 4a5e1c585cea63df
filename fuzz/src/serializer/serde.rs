//! serde's view of the bytes against the value's.

use std::collections::BTreeMap;

use execnet_serializer::typed::Error;
use execnet_serializer::{DumpOptions, Limits, LoadOptions, Value};
use serde::{Deserialize, Serialize};

use super::STRINGS;

/// Read by serde, a value is what it is without; written by serde, it is the same bytes. What a
/// type reads, is a value; the type writes it, and reads that as the same.
pub fn serde_vs_value(input: &[u8]) {
    for strings in STRINGS {
        let limits = Limits::default().with_depth(Limits::TYPED_DEPTH);
        let options = LoadOptions::wire()
            .with_strings(strings)
            .with_limits(limits);
        let value = options.loads(input).ok();
        let by_serde: Result<Value, Error> = options.from_slice(input);
        assert_eq!(by_serde.ok(), value);
        if let Some(value) = value {
            assert_eq!(
                DumpOptions::wire().to_vec(&value).ok(),
                DumpOptions::wire().dumps(&value).ok()
            );
        }
        let typed: Result<Typed<'_>, Error> = options.from_slice(input);
        if let Ok(typed) = typed {
            let bytes = DumpOptions::wire()
                .to_vec(&typed)
                .expect("what was read can be written");
            let again: Typed<'_> = LoadOptions::wire()
                .from_slice(&bytes)
                .expect("what was written can be read");
            // Equal but for NaNs.
            assert_eq!(format!("{again:?}"), format!("{typed:?}"));
        }
    }
}

/// One type of every kind that serde knows.
#[derive(Debug, Serialize, Deserialize)]
enum Typed<'a> {
    Nothing,
    Flag(bool),
    Small(i16, u8),
    Large(Option<i128>),
    Real(f64),
    Letter(char),
    Borrowed(&'a str),
    Owned(String),
    Listed(#[serde(borrow)] Vec<Typed<'a>>),
    Named {
        #[serde(borrow)]
        inner: Option<Box<Typed<'a>>>,
        #[serde(default)]
        pairs: BTreeMap<(i32, String), u64>,
    },
    Any(Value),
}
