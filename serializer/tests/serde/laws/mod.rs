//! What serde writes serde reads, in every representation that serde has.

mod lengths;
mod names;
mod numbers;
mod representations;
mod sets;
mod text;

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt::Debug;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU16;
use core::time::Duration;
use std::path::PathBuf;

use execnet_serializer::typed::{AsFrozenSet, AsSet};
use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, Int, LoadOptions, Set, Value, dumps, from_slice, from_value,
    loads, to_value, to_vec,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type that the laws are about.
trait Type: Serialize + DeserializeOwned + PartialEq + Debug + Clone {}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone> Type for T {}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Newtype<T>(T);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(transparent)]
struct Transparent<T> {
    only: T,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Field<T> {
    v: T,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum External<T> {
    Unit,
    Newtype(T),
    Tuple(u8, T),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Internal<T> {
    Newtype(Field<T>),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind", content = "content")]
enum Adjacent<T> {
    Newtype(T),
    Tuple(u8, T),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged<T> {
    Struct { v: T },
    Tuple(u8, T),
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Flattened<T> {
    id: u8,
    #[serde(flatten)]
    inner: Field<T>,
    #[serde(flatten)]
    more: BTreeMap<String, Untagged<T>>,
}

fn comes_back<T: Type>(value: T) {
    let bytes = to_vec(&value).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    // All readers of this crate accept the same input.
    let loaded = loads(&bytes).unwrap();
    assert_eq!(to_value(&value).unwrap(), loaded);
    let read: T = from_slice(&bytes).unwrap_or_else(|error| panic!("{value:?}, {loaded}: {error}"));
    assert_eq!(read, value, "{loaded}");
    assert_eq!(from_value::<T>(&loaded).unwrap(), value, "{loaded}");
}

/// Where serde does not buffer.
fn law<T: Type>(value: T) {
    comes_back(value.clone());
    comes_back(Newtype(value.clone()));
    comes_back(Transparent {
        only: value.clone(),
    });
    comes_back(Field { v: value.clone() });
    comes_back(vec![value.clone(), value.clone()]);
    comes_back((1_u8, value.clone()));
    comes_back([value.clone(), value.clone()]);
    comes_back(BTreeMap::from([("key".to_owned(), value.clone())]));
    comes_back(External::<T>::Unit);
    comes_back(External::Newtype(value.clone()));
    comes_back(External::Tuple(1, value.clone()));
    comes_back(External::Struct { v: value.clone() });
    comes_back(Adjacent::Newtype(value.clone()));
    comes_back(Adjacent::Tuple(1, value.clone()));
    comes_back(Adjacent::Struct { v: value });
}

/// Where it does as well.
fn law_in_buffers<T: Type>(value: T) {
    law(value.clone());
    comes_back(Internal::Newtype(Field { v: value.clone() }));
    comes_back(Internal::Struct { v: value.clone() });
    comes_back(Untagged::Struct { v: value.clone() });
    comes_back(Untagged::Tuple(1, value.clone()));
    comes_back(Internal::Struct {
        v: Untagged::Struct {
            v: Newtype(value.clone()),
        },
    });
    comes_back(Flattened {
        id: 1,
        inner: Field { v: value.clone() },
        more: BTreeMap::from([("more".to_owned(), Untagged::Tuple(2, value))]),
    });
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Unit;

/// As `Uuid`: text for people, bytes for programs.
#[derive(Clone, Debug, PartialEq)]
struct Uuid(u128);

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&format_args!("{:032x}", self.0)),
            false => serializer.serialize_bytes(&self.0.to_be_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let number = u128::from_str_radix(&text, 16);
            number.map(Self).map_err(serde::de::Error::custom)
        } else {
            let bytes = <[u8; 16]>::deserialize(deserializer)?;
            Ok(Self(u128::from_be_bytes(bytes)))
        }
    }
}
