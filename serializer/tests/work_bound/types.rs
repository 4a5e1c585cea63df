//! Types of each kind that serde reads in its own way.

use alloc::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[allow(dead_code)] // They are only made.
pub(crate) struct Record {
    name: Option<String>,
    t: Option<Box<Record>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Flattened {
    name: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(tag = "t")]
#[allow(dead_code)]
pub(crate) enum Tagged {
    One { rest: Option<serde_json::Value> },
    Two(BTreeMap<String, serde_json::Value>),
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum Untagged {
    Number(i64),
    Texts(Vec<String>),
    Pairs(BTreeMap<String, i64>),
    Any(serde_json::Value),
}

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Newtype(Vec<(i32, Option<String>)>);

#[derive(Deserialize)]
#[allow(dead_code)]
pub(crate) struct Borrowed<'a>(#[serde(borrow)] Vec<&'a str>);
