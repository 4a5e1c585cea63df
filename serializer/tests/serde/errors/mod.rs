//! What the errors of typed reads and writes say, and what they cost.

mod cost;
mod expected;
mod writing;

use alloc::collections::BTreeMap;
use std::collections::HashMap;

use execnet_serializer::typed::{AsFrozenSet, AsSet, Error};
use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, DumpOptions, Encoder, Int, LoadOptions, Value, from_slice,
    from_value,
};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The text of the error of reading a literal as a type.
fn refused<T: for<'de> Deserialize<'de> + core::fmt::Debug>(literal: &str) -> String {
    let value: Value = literal.parse().unwrap();
    let bytes = DumpOptions::wire().dumps(&value).unwrap();
    LoadOptions::wire()
        .from_slice::<T>(&bytes)
        .unwrap_err()
        .to_string()
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Strict {
    name: u8,
    #[serde(rename = "with-dash")]
    dashed: u8,
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
enum Choice {
    First(u8),
}

#[test]
fn an_offset_counts_the_version_byte() {
    let error = from_slice::<u8>(b"\x02F\0\0").unwrap_err();
    assert_eq!(error.as_load_error().unwrap().offset(), 2);
    let error = LoadOptions::wire().from_slice::<u8>(b"F\0\0");
    assert_eq!(error.unwrap_err().as_load_error().unwrap().offset(), 1);
}

#[test]
fn errors_show_themselves_and_their_sources() {
    use core::error::Error as _;

    use execnet_serializer::StreamError;
    use execnet_serializer::embedded_io::SliceWriteError;

    let error = LoadOptions::wire().from_slice::<u8>(b"RQ").unwrap_err();
    let text = "invalid type: boolean `true`, expected u8";
    assert_eq!(format!("{error:?}"), format!("Error({text})"));
    assert!(error.source().is_none());
    let value: StreamError<_, SliceWriteError> = error.into();
    assert_eq!(value.to_string(), text);
    assert!(value.source().is_none());
    let sink = StreamError::<Error, _>::Io(SliceWriteError::Full);
    assert_eq!(sink.to_string(), "cannot read or write the encoded value");
    assert_eq!(sink.source().unwrap().to_string(), "Full");
}
