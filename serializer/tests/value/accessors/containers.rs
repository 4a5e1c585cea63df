//! Access to dicts and sets, and changes of values.

use super::*;

#[test]
fn mutable_accessors_change_the_value() {
    let mut value = value!([{"k": 1, 2: "two"}, set {1}]);
    value.as_list_mut().unwrap().push(value!("new"));
    *value[0].clone().get_mut(&value!(2)).unwrap() = value!(None);
    assert_eq!(value.to_string(), "[{'k': 1, 2: 'two'}, {1}, 'new']");
    let dict = value.get_mut(0).unwrap();
    *dict.get_mut(&value!(2.0)).unwrap() = value!("zwei");
    dict.as_dict_mut().unwrap().insert(value!(3), value!(None));
    assert!(
        value
            .get_mut(1)
            .unwrap()
            .as_set_mut()
            .unwrap()
            .insert(value!(2))
    );
    assert_eq!(
        value.to_string(),
        "[{'k': 1, 2: 'zwei', 3: None}, {1, 2}, 'new']"
    );
}

#[test]
fn dicts_and_sets_say_what_is_in_them() {
    let pairs = || [(value!(1), value!("a")), (value!("k"), value!(None))];
    let dict = Dict::from_iter(pairs());
    assert!(Dict::new().is_empty() && !dict.is_empty());
    assert!(Set::new().is_empty() && !Set::from_iter([value!(1)]).is_empty());
    for (key, held) in [(value!(1), true), (value!(1.0), true), (value!("a"), false)] {
        assert_eq!(dict.contains_key(&key), held, "{key}");
        assert!(!Dict::new().contains_key(&key));
    }
    assert!(dict.clone().into_iter().eq(pairs()));
    assert!(
        Set::from_iter([2, 1].map(Value::from))
            .into_iter()
            .eq([2, 1].map(Value::from))
    );
    assert_eq!(dict.to_string(), "{1: 'a', 'k': None}");
    assert_eq!(
        format!("{dict:?}"),
        "{Int(1): Str(\"a\"), Str(\"k\"): None}"
    );
}

#[test]
fn insert_returns_whether_the_element_is_new() {
    let mut set = Set::new();
    assert!(set.insert(value!(1)) && set.insert(value!("a")) && !set.insert(value!(1.0)));
    set.extend([2, 1, 3].map(Value::from));
    let left = |set: &Set| Value::Set(set.clone()).to_string();
    assert_eq!(left(&set), "{1, 'a', 2, 3}");
    assert!(set.remove(&value!("a")) && !set.remove(&value!("a")) && !set.remove(&value!(4)));
    assert_eq!((left(&set), set.len()), ("{1, 2, 3}".into(), 3));
    set.retain(|item| *item != 2);
    assert_eq!(left(&set), "{1, 3}");
    assert_eq!(format!("{set:?}"), "{Int(1), Int(3)}");
    assert!(set.contains(&value!(true)) && !set.contains(&value!(2)));
}
