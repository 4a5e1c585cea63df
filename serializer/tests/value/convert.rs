//! Values into Rust types.

use alloc::collections::{BTreeMap, BTreeSet};

use execnet_serializer::{Dict, Set, Value, value};

#[test]
fn an_int_that_does_not_fit_is_out_of_range_not_of_a_wrong_type() {
    let text = |value: Value| u8::try_from(value).map_err(|error| error.to_string());
    assert_eq!(text(Value::from(255)), Ok(255));
    let out_of_range = "expected u8, found int out of range";
    for value in [Value::from(256), Value::from(-1), Value::from(u128::MAX)] {
        assert_eq!(text(value), Err(out_of_range.into()));
    }
    let float = text(Value::from(1.0));
    assert_eq!(float, Err("expected u8, found float".into()));
}

#[test]
fn collections_are_the_values_that_python_has_for_them() {
    assert_eq!(Value::from(&[1, 2][..]), value!([1, 2]));
    assert_eq!((1..3).collect::<Value>(), value!([1, 2]));
    let pairs = [("a", 1), ("b", 2)];
    assert_eq!(Value::from(BTreeMap::from(pairs)), value!({"a": 1, "b": 2}));
    assert_eq!(Dict::from(pairs), Dict::from(BTreeMap::from(pairs)));
    assert_eq!(Value::from(BTreeSet::from([1, 2])), value!(set {1, 2}));
    assert_eq!(Set::from([2, 1]), Set::from(BTreeSet::from([1, 2])));
    #[cfg(feature = "std")]
    {
        use std::collections::{HashMap, HashSet};
        assert_eq!(Dict::from(HashMap::from(pairs)), Dict::from(pairs));
        assert_eq!(Value::from(HashSet::from([1])), value!(set {1}));
    }
}

#[test]
fn a_reference_to_a_value_compares_with_numbers() {
    let value = value!({"int": 2, "float": 0.5, "bool": true});
    let get = |key: &str| value.get(key).unwrap();
    assert!(get("int") == 2 && 2_u8 == get("int") && get("int") != 3);
    assert!(get("float") == 0.5 && get("float") == 0.5_f32 && get("float") != 1.0);
    assert!(get("bool") == true && get("bool") != 1);
    assert!(value["float"] == 0.5_f32 && value["int"] != 2.0_f32);
}
