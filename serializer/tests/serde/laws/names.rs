//! Names: of fields, of variants, and of the types of this crate.

use super::*;

#[test]
fn only_text_names_a_field_or_a_variant() {
    #[derive(Deserialize, Debug, PartialEq, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Strict {
        a: u8,
        b: u8,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Loose {
        a: u8,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Keeps {
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<i32, u8>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    enum Renamed {
        #[serde(rename = "1")]
        First(u8),
        #[serde(rename = "0")]
        Second(u8),
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "t", content = "c")]
    enum Apart {
        First(u8),
    }

    let read = |literal: &str| literal.parse::<Value>().unwrap();
    let error = from_value::<Strict>(&read("{0: 1, 1: 2}")).unwrap_err();
    assert!(
        error.to_string().starts_with("[0]: unknown field"),
        "{error}"
    );
    for key in [
        "0",
        "None",
        "True",
        "0.5",
        "b'a'",
        "(1, 2)",
        "frozenset({1})",
        "1j",
    ] {
        let dict: Value = format!("{{{key}: 7, 'a': 1}}").parse().unwrap();
        assert_eq!(from_value::<Loose>(&dict).unwrap(), Loose { a: 1 }, "{key}");
        from_value::<Strict>(&dict).unwrap_err();
    }
    // Nor in serde's buffers, which refuse such a key.
    let buffered = read("{'kind': 'Newtype', 'v': {0: 1, 1: 2}}");
    from_value::<Internal<Strict>>(&buffered).unwrap_err();
    let kept: Keeps = from_value(&read("{'a': 1, 5: 2}")).unwrap();
    assert_eq!(kept.rest, BTreeMap::from([(5, 2)]));
    from_value::<Renamed>(&read("{1: 5}")).unwrap_err();
    from_value::<Renamed>(&read("1")).unwrap_err();
    assert_eq!(
        from_value::<Renamed>(&read("{'1': 5}")).unwrap(),
        Renamed::First(5)
    );
    from_value::<Apart>(&read("{0: 'First', 1: 5}")).unwrap_err();
    from_value::<Apart>(&read("{'t': 0, 'c': 5}")).unwrap_err();
    from_value::<Internal<u8>>(&read("{'kind': 1, 'v': 5}")).unwrap_err();
}

/// The names that this crate gives its types in serde's data model, used by
/// another type with another content.
#[test]
fn the_names_of_this_crate_are_for_its_own_content() {
    struct Named<T>(&'static str, T);
    impl<T: Serialize> Serialize for Named<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct(self.0, &self.1)
        }
    }
    struct Printed;
    impl Serialize for Printed {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str("text")
        }
    }
    let complex = "a complex number is two floats";
    let set = "only a sequence, tuple or array is written as a set";
    let channel = "a channel is an integer of 32 bits";
    let int = "an integer is its digits";
    let name = |name: &str| format!("__execnet_{name}").leak() as &'static str;
    let refused =
        |result: Result<Value, execnet_serializer::typed::Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(to_value(&Named(name("Complex"), (1.0, 2.0, 3.0)))),
        complex
    );
    assert_eq!(refused(to_value(&Named(name("Complex"), (1.0,)))), complex);
    assert_eq!(refused(to_value(&Named(name("Complex"), ()))), complex);
    for (of, message) in [
        ("Set", set),
        ("FrozenSet", set),
        ("Complex", complex),
        ("Channel", channel),
        ("Int", int),
    ] {
        assert_eq!(
            refused(to_value(&Named(name(of), Printed))),
            message,
            "{of}"
        );
        assert_eq!(refused(to_value(&Named(name(of), true))), message, "{of}");
    }
    let pair = to_value(&Named(name("Complex"), (1.0, 2.0))).unwrap();
    assert_eq!(pair, Value::from(Complex { re: 1.0, im: 2.0 }));
    // A name that only looks like one of them.
    let other = to_value(&Named(name("Other"), vec![1])).unwrap();
    assert_eq!(other, Value::from([1]));
}

#[test]
fn a_field_is_found_by_text_of_python_2() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Named {
        #[serde(rename = "\u{e9}")]
        field: u8,
    }
    // {b"\xe9": 7}, where a Python 2 string is text.
    let bytes = b"JM\0\0\0\x01\xe9F\0\0\0\x07PQ";
    let read: Named = execnet_serializer::LoadOptions::wire()
        .from_slice(bytes)
        .unwrap();
    assert_eq!(read, Named { field: 7 });
    let map: BTreeMap<String, u8> = execnet_serializer::LoadOptions::wire()
        .from_slice(bytes)
        .unwrap();
    assert_eq!(map, BTreeMap::from([("\u{e9}".to_owned(), 7)]));
}
