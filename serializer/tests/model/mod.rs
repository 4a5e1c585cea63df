//! Any value of the format, as the tests know it: independent of the crate's
//! own types, so that it serves under every feature set.
#![allow(dead_code, clippy::unwrap_used)] // Each test uses its part.

use embedded_io::Write;
use execnet_serializer::{ChannelId, Complex, Dump, EncodeError, Encoder, Node, NodeKind};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) enum Model {
    None,
    Bool(bool),
    Int(i128),
    Float(u64),
    Complex(u64, u64),
    Bytes(Vec<u8>),
    Str(String),
    List(Vec<Model>),
    Tuple(Vec<Model>),
    Dict(Vec<(Model, Model)>),
    Set(Vec<Model>),
    FrozenSet(Vec<Model>),
    Channel(i32),
}

/// Values whose keys are distinct for Python.
pub(crate) fn model() -> impl Strategy<Value = Model> {
    leaf().prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Model::List),
            vec(inner.clone(), 0..6).prop_map(Model::Tuple),
            (keys(), vec(inner, 6))
                .prop_map(|(keys, values)| { Model::Dict(keys.into_iter().zip(values).collect()) }),
            keys().prop_map(Model::Set),
            keys().prop_map(Model::FrozenSet),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Model> {
    prop_oneof![
        Just(Model::None),
        any::<bool>().prop_map(Model::Bool),
        any::<i32>().prop_map(|n| Model::Int(n.into())),
        any::<i128>().prop_map(Model::Int),
        any::<u64>().prop_map(Model::Float),
        any::<(u64, u64)>().prop_map(|(re, im)| Model::Complex(re, im)),
        vec(any::<u8>(), 0..9).prop_map(Model::Bytes),
        any::<String>().prop_map(Model::Str),
        any::<i32>().prop_map(Model::Channel),
    ]
}

/// Up to six keys that differ to Python: texts, integers and tuples.
fn keys() -> impl Strategy<Value = Vec<Model>> {
    (
        proptest::collection::btree_set(any::<String>(), 0..3),
        proptest::collection::btree_set(any::<i64>(), 0..3),
        proptest::collection::btree_set(any::<u8>(), 0..2),
    )
        .prop_map(|(texts, ints, tuples)| {
            let tuple = |n| Model::Tuple(vec![Model::Int(i128::from(n)), Model::None]);
            let texts = texts.into_iter().map(Model::Str);
            let ints = ints.into_iter().map(|n| Model::Int(n.into()));
            texts
                .chain(ints)
                .chain(tuples.into_iter().map(tuple))
                .collect()
        })
}

impl Dump for Model {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::None => encoder.none(),
            Self::Bool(value) => encoder.bool(*value),
            Self::Int(value) => encoder.i128(*value),
            Self::Float(bits) => encoder.float(f64::from_bits(*bits)),
            Self::Complex(re, im) => encoder.complex(complex(*re, *im)),
            Self::Bytes(bytes) => encoder.bytes(bytes),
            Self::Str(text) => encoder.str(text),
            Self::Channel(id) => encoder.channel(ChannelId(*id)),
            Self::List(items) => items.dump(encoder),
            Self::Tuple(items) => {
                items.iter().try_for_each(|item| item.dump(encoder))?;
                encoder.tuple(items.len())
            }
            Self::Set(items) => {
                items.iter().try_for_each(|item| item.dump(encoder))?;
                encoder.set(items.len())
            }
            Self::FrozenSet(items) => {
                items.iter().try_for_each(|item| item.dump(encoder))?;
                encoder.frozenset(items.len())
            }
            Self::Dict(pairs) => {
                encoder.dict()?;
                pairs.iter().try_for_each(|(key, value)| {
                    key.dump(encoder)?;
                    value.dump(encoder)?;
                    encoder.set_item()
                })
            }
        }
    }
}

fn complex(re: u64, im: u64) -> Complex {
    Complex {
        re: f64::from_bits(re),
        im: f64::from_bits(im),
    }
}

impl Model {
    /// How many values there are, containers and keys included.
    pub(crate) fn parts(&self) -> usize {
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => {
                1 + items.iter().map(Self::parts).sum::<usize>()
            }
            Self::Dict(pairs) => {
                let pair = |(key, value): &(Self, Self)| key.parts() + value.parts();
                1 + pairs.iter().map(pair).sum::<usize>()
            }
            _ => 1,
        }
    }

    /// Whether a document's node says the same.
    pub(crate) fn is(&self, node: Node<'_, '_>) -> bool {
        match (self, node.kind()) {
            (Self::None, NodeKind::None) => true,
            (Self::Bool(a), NodeKind::Bool(b)) => *a == b,
            (Self::Int(a), NodeKind::Int(b)) => *a == i128::from(b),
            (Self::Int(a), NodeKind::BigInt(b)) => Some(*a) == b.to_i128(),
            (Self::Float(a), NodeKind::Float(b)) => *a == b.to_bits(),
            (Self::Complex(re, im), NodeKind::Complex(b)) => complex(*re, *im) == b,
            (Self::Bytes(a), NodeKind::Bytes(b)) => a == b,
            (Self::Str(a), NodeKind::Str(b)) => a == b,
            (Self::Channel(a), NodeKind::Channel(b)) => *a == b.0,
            (Self::List(a), NodeKind::List(b))
            | (Self::Tuple(a), NodeKind::Tuple(b))
            | (Self::Set(a), NodeKind::Set(b))
            | (Self::FrozenSet(a), NodeKind::FrozenSet(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is(b))
            }
            (Self::Dict(a), NodeKind::Dict(b)) => {
                let pair =
                    |((key, value), (k, v)): (&(Self, Self), (_, _))| key.is(k) && value.is(v);
                a.len() == b.len() && a.iter().zip(b).all(pair)
            }
            _ => false,
        }
    }
}

#[cfg(feature = "alloc")]
impl Model {
    pub(crate) fn to_value(&self) -> execnet_serializer::Value {
        use execnet_serializer::Value;
        let all = |items: &[Self]| items.iter().map(Self::to_value).collect::<Vec<_>>();
        match self {
            Self::None => Value::None,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Complex(re, im) => Value::Complex(complex(*re, *im)),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Str(text) => Value::from(text),
            Self::Channel(id) => Value::Channel(ChannelId(*id)),
            Self::List(items) => Value::List(all(items)),
            Self::Tuple(items) => Value::Tuple(all(items)),
            Self::Set(items) => Value::Set(all(items).into_iter().collect()),
            Self::FrozenSet(items) => Value::FrozenSet(all(items).into_iter().collect()),
            Self::Dict(pairs) => {
                let pair = |(key, value): &(Self, Self)| (key.to_value(), value.to_value());
                Value::Dict(pairs.iter().map(pair).collect())
            }
        }
    }
}

/// The bytes of a model, without version byte.
pub(crate) fn encoded(model: &Model) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    let left = {
        let mut encoder = Encoder::new(&mut buffer[..]);
        model.dump(&mut encoder).unwrap();
        encoder.stop().unwrap();
        encoder.into_inner().len()
    };
    buffer.truncate(buffer.len() - left);
    buffer
}
