//! Dicts and sets of many keys.

use super::*;

#[test]
fn a_thousand_names_of_one_prefix_are_all_found_after_others_are_removed() {
    for len in [20, 1000] {
        let key = |n: i32| Value::from(format!("key-{n}"));
        let mut dict: Dict = (0..len).map(|n| (key(n), n.into())).collect();
        for n in (0..len).filter(|n| n % 3 == 1).chain([len - 1, 0]) {
            let removed = dict.remove(&key(n));
            assert_eq!(
                removed.is_some(),
                dict.get(&key(n)).is_none() && removed == Some(n.into())
            );
        }
        let left: Vec<_> = (1..len - 1).filter(|n| n % 3 != 1).collect();
        assert!(dict.values().eq(&left), "the order of the rest is kept");
        for n in &left {
            assert_eq!(dict.get(&key(*n)), Some(&Value::from(*n)));
            assert_eq!(dict.get(&format!("key-{n}")), Some(&Value::from(*n)));
        }
        dict.retain(|_, value| *value == 5);
        assert_eq!(dict, Dict::from_iter([(key(5), Value::from(5))]));
    }
}

/// So many that some of their hashes of 32 bits are the same.
#[test]
fn many_keys_are_distinguished() {
    const MANY: i32 = 300_000;
    let makers: [fn(i32) -> Value; 4] = [
        |n| n.into(),
        |n| (n,).into(),
        |n| frozenset([n.into()]),
        |n| Value::Dict([("key".into(), n.into())].into_iter().collect()),
    ];
    for make in makers {
        let set: Set = (0..MANY).map(make).collect();
        assert_eq!(set.len(), MANY as usize, "{:?}", make(0));
    }
}
