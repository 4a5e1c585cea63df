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

#[test]
fn keys_and_elements_are_looked_up_by_text_as_by_a_value() {
    // Few entries are searched, many are hashed.
    for len in [1, 100] {
        let words = (0..len).map(|n| Value::from(format!("k{n}")));
        let mut dict: Dict = words.clone().zip((0..len).map(Value::from)).collect();
        let mut set: Set = words.collect();
        let (last, text) = (value!(len - 1), format!("k{}", len - 1));
        assert_eq!(dict.get(text.as_str()), Some(&last));
        assert_eq!(dict.get(&text), Some(&last));
        assert_eq!(dict.get(&Str::from(text.as_str())), Some(&last));
        assert_eq!(dict.get(&value!(text.as_str())), Some(&last));
        assert_eq!((&dict["k0"], &dict["absent"]), (&value!(0), &Value::None));
        *dict.get_mut("k0").unwrap() = value!("changed");
        assert!(dict["k0"] == "changed" && dict.contains_key("k0"));
        assert!(dict.remove("absent").is_none() && dict.remove("k0") == Some(value!("changed")));
        assert!(set.contains("k0") && !set.contains("absent"));
        assert!(set.remove("k0") && !set.contains("k0"));
        assert_eq!((dict.len(), set.len()), (len - 1, len - 1));
        dict.clear();
        set.clear();
        assert!(dict.is_empty() && set.is_empty() && !dict.contains_key(&text));
    }
    let dict = Dict::from([("a", 1), ("b", 2)]);
    assert!(dict.clone().into_keys().eq(["a", "b"].map(Value::from)));
    assert!(dict.into_values().eq([1, 2].map(Value::from)));
}

#[test]
fn an_index_sets_what_it_reads_and_adds_what_a_dict_lacks() {
    let mut value = Value::None;
    value["a"][&value!(1)] = value!([0, (1, 2)]);
    value["a"][&value!(1.0)][1][0] = value!("one");
    value[&String::from("b")] = value!(None);
    assert_eq!(value.to_string(), "{'a': {1: [0, ('one', 2)]}, 'b': None}");
}

#[test]
fn an_index_that_has_no_place_panics_where_it_is_set() {
    let set: [fn(&mut Value); 4] = [
        |v| v["list"][2] = value!(0),
        |v| v["list"]["key"] = value!(0),
        |v| v["int"]["key"] = value!(0),
        |v| v["int"][0] = value!(0),
    ];
    for (number, set) in set.into_iter().enumerate() {
        let mut value = value!({"list": [1, 2], "int": 1});
        let set = core::panic::AssertUnwindSafe(|| set(&mut value));
        assert!(std::panic::catch_unwind(set).is_err(), "{number}");
    }
}
