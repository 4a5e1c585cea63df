//! Sequences that are written as sets.

use super::*;

#[test]
fn sets_are_written_of_every_sequence_or_refused() {
    #[derive(Serialize)]
    struct Fields {
        #[serde(with = "execnet_serializer::typed::set")]
        array: [u8; 2],
        #[serde(with = "execnet_serializer::typed::frozenset")]
        tuple: (u8, char),
        #[serde(with = "execnet_serializer::typed::set")]
        absent: Option<Vec<u8>>,
        set: Set,
    }
    let fields = Fields {
        array: [1, 2],
        tuple: (1, 'x'),
        absent: None,
        set: [3].map(Value::from).into_iter().collect(),
    };
    assert_eq!(
        to_value(&fields).unwrap().to_string(),
        "{'array': {1, 2}, 'tuple': frozenset({1, 'x'}), 'absent': None, 'set': {3}}"
    );
    let set = || Set::from_iter([Value::from(1)]);
    assert_eq!(
        to_value(&AsFrozenSet(set())).unwrap(),
        Value::FrozenSet(set())
    );
    for refused in [
        to_vec(&AsSet(5)),
        to_vec(&AsSet("text")),
        to_vec(&AsSet(())),
        to_vec(&AsFrozenSet(BTreeMap::from([(1, 2)]))),
        to_vec(&AsSet(Unit)),
        to_vec(&AsSet(Field { v: 1 })),
        to_vec(&AsFrozenSet(External::Newtype(1))),
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "only a sequence, tuple or array is written as a set"
        );
    }
}

#[test]
fn elements_of_sets_are_always_hashable() {
    let list = || vec![1];
    for refused in [
        to_vec(&AsSet([list()])),
        to_vec(&AsFrozenSet((list(), 1))),
        to_vec(&AsFrozenSet([(1, list())])),
        to_vec(&AsFrozenSet(vec![Some(list())])),
        to_vec(&BTreeMap::from([(BTreeMap2(list()), 1)])),
        to_vec(&AsSet([AsSet([1])])),
        to_vec(&AsFrozenSet([Field { v: 1 }])),
        to_vec(&AsSet(vec![Set::from_iter([Value::from(1)])])),
        to_vec(&BTreeMap::from([(AsFrozenSetKey(vec![list()]), 1)])),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("unhashable dict key or set element"),
            "{error}"
        );
    }
    to_vec(&AsSet([AsFrozenSet([1])])).unwrap();
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct BTreeMap2(Vec<i32>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AsFrozenSetKey(Vec<Vec<i32>>);

impl Serialize for AsFrozenSetKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AsFrozenSet(self.0.as_slice()).serialize(serializer)
    }
}
