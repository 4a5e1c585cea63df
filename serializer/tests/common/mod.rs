//! Values of every kind, for property tests.

use execnet_serializer::{Bytes, ChannelId, Complex, Dict, Int, Set, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Any value but for the floats, which are the caller's.
pub(crate) fn values(floats: BoxedStrategy<f64>) -> BoxedStrategy<Value> {
    let keys = keys(floats.clone());
    let leaf = prop_oneof![keys.clone(), leaves(floats)];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        let pairs = vec((keys.clone(), inner.clone()), 0..6);
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::List),
            vec(inner, 0..6).prop_map(Value::Tuple),
            pairs.prop_map(|pairs| Value::Dict(Dict::from_iter(pairs))),
            vec(keys.clone(), 0..6).prop_map(|items| Value::Set(Set::from_iter(items))),
        ]
    })
    .boxed()
}

/// Values Python can hash.
fn keys(floats: BoxedStrategy<f64>) -> BoxedStrategy<Value> {
    leaves(floats)
        .prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::Tuple),
                vec(inner, 0..4).prop_map(|items| Value::FrozenSet(Set::from_iter(items))),
            ]
        })
        .boxed()
}

fn leaves(floats: BoxedStrategy<f64>) -> BoxedStrategy<Value> {
    let parts = (floats.clone(), floats.clone());
    prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        integers().prop_map(Value::Int),
        floats.prop_map(Value::Float),
        parts.prop_map(|(re, im)| Value::Complex(Complex { re, im })),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Value::from(Bytes(bytes))),
        texts().prop_map(Value::from),
        any::<i32>().prop_map(|id| Value::Channel(ChannelId(id))),
    ]
    .boxed()
}

fn integers() -> impl Strategy<Value = Int> {
    prop_oneof![
        any::<i32>().prop_map(Int::from),
        any::<i64>().prop_map(Int::from),
        ("-?[1-9][0-9]{18,60}").prop_filter_map("digits", |digits| digits.parse().ok()),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    let any_char = prop_oneof![any::<char>(), proptest::char::range('\0', '\u{17f}')];
    vec(any_char, 0..12).prop_map(String::from_iter)
}

/// Every float with its bits, but of the NaNs only one.
pub(crate) fn printable_floats() -> BoxedStrategy<f64> {
    let all = any::<u64>().prop_map(f64::from_bits);
    let edges = proptest::sample::select(
        &[
            0.0,
            -0.0,
            1.0,
            1e16,
            1e-5,
            5e-324,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ][..],
    );
    prop_oneof![all, edges, any::<i32>().prop_map(f64::from)]
        .prop_map(|float| if float.is_nan() { f64::NAN } else { float })
        .boxed()
}
