//! Converting values to and from JSON.
//!
//! JSON has fewer types. Other values are written as an object with one key
//! that starts with `$`:
//!
//! | value | JSON |
//! |---|---|
//! | `None`, `True`, `False` | `null`, `true`, `false` |
//! | int of 64 bits, with or without sign | `42` |
//! | any other int | `{"$int": "340282366920938463463374607431768211456"}` |
//! | finite float | `1.5`, `1.0`: never without a point or an exponent, but read from `-0` too |
//! | other floats | `{"$float": "inf"}`, `"-inf"`, `"nan"` |
//! | complex | `{"$complex": [1.0, -2.0]}`, its parts as floats |
//! | str | `"text"` |
//! | bytes | `{"$bytes": "aGk="}`, base64 with padding |
//! | list | `[1, 2]` |
//! | tuple | `[1, 2]` by [`to_json`], `{"$tuple": [1, 2]}` by [`to_exact_json`] |
//! | dict with text keys only | `{"a": 1}` |
//! | any other dict | `{"$dict": [[1, "one"], [2, "two"]]}` |
//! | set, frozenset | `{"$set": [1, 2]}`, `{"$frozenset": [1, 2]}` |
//! | channel | `{"$channel": 3}` |
//!
//! A dict whose only key is one of these names is written as `$dict`, so that
//! it is not mistaken for another value. An object with any other single
//! `$name` key is a dict.
//!
//! [`from_json`] reads all of them. From the output of [`to_exact_json`] it
//! returns an equal value, except for the sign and payload of NaNs, and for the
//! order of dicts unless the feature `preserve_order` of `serde_json` is on.
//! From the output of [`to_json`], which is easier to read, tuples return as
//! lists, except in keys and sets.
//!
//! At the greatest depth each direction takes up to twice the stack that
//! [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH) names, and three times with
//! `preserve_order`.
//!
//! Readers and writers of the text have limits of their own: some readers read
//! all numbers as doubles; `serde_json` refuses text nested deeper than 128, and
//! reads the last bit of a float right only by its feature `float_roundtrip`.

mod error;
mod from;
mod to;

pub use error::FromJsonError;
pub use from::from_json;
pub use to::{to_exact_json, to_json};

/// The keys of the objects that represent types that JSON lacks.
mod marker {
    pub(super) const INT: &str = "$int";
    pub(super) const FLOAT: &str = "$float";
    pub(super) const COMPLEX: &str = "$complex";
    pub(super) const BYTES: &str = "$bytes";
    pub(super) const TUPLE: &str = "$tuple";
    pub(super) const DICT: &str = "$dict";
    pub(super) const SET: &str = "$set";
    pub(super) const FROZENSET: &str = "$frozenset";
    pub(super) const CHANNEL: &str = "$channel";

    pub(super) const ALL: [&str; 9] = [
        INT, FLOAT, COMPLEX, BYTES, TUPLE, DICT, SET, FROZENSET, CHANNEL,
    ];
}
