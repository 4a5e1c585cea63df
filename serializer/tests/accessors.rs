//! What a value of each kind gives to each accessor, and how it is shown.

#![cfg(feature = "literal")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

extern crate alloc;

use alloc::borrow::Cow;
use core::borrow::Borrow as _;
use core::fmt::Debug;

use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, DumpOptions, Int, LoadOptions, Node, NodeKind, ParseIntError,
    Set, Str, TryFromIntError, Value, value,
};

/// One value of each kind, by the name of its type, and whether it is a key.
fn kinds() -> [(&'static str, Value, bool); 13] {
    [
        ("None", value!(None), true),
        ("bool", value!(true), true),
        ("int", value!(7), true),
        ("float", value!(2.5), true),
        ("complex", Complex { re: 1.0, im: -2.0 }.into(), true),
        ("bytes", value!(Bytes(b"by")), true),
        ("str", value!("text"), true),
        ("list", value!([1, "a"]), false),
        ("tuple", value!((1, "a")), true),
        ("dict", value!({"k": 1}), false),
        ("set", value!(set {1}), false),
        ("frozenset", value!(frozenset {1}), true),
        ("channel", value!(ChannelId(3)), true),
    ]
}

fn shown(content: Option<impl Debug>) -> Option<String> {
    content.map(|content| format!("{content:?}"))
}

/// The name of an accessor, what it gives as text, and what it gives of which
/// kinds: nothing of all others.
type Accessor<F> = (&'static str, F, &'static [(&'static str, &'static str)]);

type OfValue = fn(&mut Value) -> Option<String>;
type OfNode = fn(Node<'_, '_>) -> Option<String>;

/// Asks each accessor for each kind.
fn check<F>(accessors: &[Accessor<F>], ask: impl Fn(&F, Value) -> Option<String>) {
    for (accessor, get, expected) in accessors {
        for (kind, value, _) in kinds() {
            let content = expected.iter().find(|(of, _)| *of == kind);
            let content = content.map(|(_, content)| String::from(*content));
            assert_eq!(ask(get, value), content, "{accessor} of {kind}");
        }
    }
}

#[test]
fn an_accessor_of_a_value_gives_the_content_of_its_kinds_alone() {
    let accessors: &[Accessor<OfValue>] = &[
        (
            "is_none",
            |v| shown(v.is_none().then_some(())),
            &[("None", "()")],
        ),
        ("as_bool", |v| shown(v.as_bool()), &[("bool", "true")]),
        ("as_i64", |v| shown(v.as_i64()), &[("int", "7")]),
        ("as_u64", |v| shown(v.as_u64()), &[("int", "7")]),
        ("as_int", |v| shown(v.as_int()), &[("int", "7")]),
        ("as_f64", |v| shown(v.as_f64()), &[("float", "2.5")]),
        (
            "as_complex",
            |v| shown(v.as_complex()),
            &[("complex", "Complex { re: 1.0, im: -2.0 }")],
        ),
        (
            "as_bytes",
            |v| shown(v.as_bytes()),
            &[("bytes", "[98, 121]")],
        ),
        ("as_str", |v| shown(v.as_str()), &[("str", "\"text\"")]),
        (
            "as_slice",
            |v| shown(v.as_slice().map(<[Value]>::len)),
            &[("list", "2"), ("tuple", "2")],
        ),
        (
            "as_list",
            |v| shown(v.as_list()),
            &[("list", "[Int(1), Str(\"a\")]")],
        ),
        (
            "as_list_mut",
            |v| shown(v.as_list_mut()),
            &[("list", "[Int(1), Str(\"a\")]")],
        ),
        (
            "as_dict",
            |v| shown(v.as_dict()),
            &[("dict", "{Str(\"k\"): Int(1)}")],
        ),
        (
            "as_dict_mut",
            |v| shown(v.as_dict_mut()),
            &[("dict", "{Str(\"k\"): Int(1)}")],
        ),
        (
            "as_set",
            |v| shown(v.as_set()),
            &[("set", "{Int(1)}"), ("frozenset", "{Int(1)}")],
        ),
        (
            "as_set_mut",
            |v| shown(v.as_set_mut()),
            &[("set", "{Int(1)}"), ("frozenset", "{Int(1)}")],
        ),
        (
            "as_channel",
            |v| shown(v.as_channel()),
            &[("channel", "ChannelId(3)")],
        ),
        (
            "into_string",
            |v| shown(v.clone().into_string()),
            &[("str", "\"text\"")],
        ),
        (
            "get by position",
            |v| shown(v.get(1)),
            &[("list", "Str(\"a\")"), ("tuple", "Str(\"a\")")],
        ),
        (
            "get_mut by position",
            |v| shown(v.get_mut(1)),
            &[("list", "Str(\"a\")"), ("tuple", "Str(\"a\")")],
        ),
        ("get by text", |v| shown(v.get("k")), &[("dict", "Int(1)")]),
        (
            "get_mut by text",
            |v| shown(v.get_mut("k")),
            &[("dict", "Int(1)")],
        ),
        (
            "get by a String",
            |v| shown(v.get(&String::from("k"))),
            &[("dict", "Int(1)")],
        ),
        (
            "get_mut by a Str",
            |v| shown(v.get_mut(&Str::from("k"))),
            &[("dict", "Int(1)")],
        ),
        (
            "get by a value",
            |v| shown(v.get(&value!("k"))),
            &[("dict", "Int(1)")],
        ),
        (
            "get_mut by a value",
            |v| shown(v.get_mut(&value!("k"))),
            &[("dict", "Int(1)")],
        ),
    ];
    check(accessors, |get, mut value| get(&mut value));
}

#[test]
fn an_accessor_of_a_node_gives_the_content_of_its_kinds_alone() {
    let accessors: &[Accessor<OfNode>] = &[
        (
            "is_none",
            |n| shown(n.is_none().then_some(())),
            &[("None", "()")],
        ),
        ("as_bool", |n| shown(n.as_bool()), &[("bool", "true")]),
        ("as_i64", |n| shown(n.as_i64()), &[("int", "7")]),
        ("as_f64", |n| shown(n.as_f64()), &[("float", "2.5")]),
        (
            "as_bytes",
            |n| shown(n.as_bytes()),
            &[("bytes", "[98, 121]")],
        ),
        ("as_str", |n| shown(n.as_str()), &[("str", "\"text\"")]),
        (
            "as_channel",
            |n| shown(n.as_channel()),
            &[("channel", "ChannelId(3)")],
        ),
        (
            "items",
            |n| shown(Some(n.items()).filter(|items| items.len() > 0)),
            &[
                ("list", "[Int(1), Str(\"a\")]"),
                ("tuple", "[Int(1), Str(\"a\")]"),
                ("set", "[Int(1)]"),
                ("frozenset", "[Int(1)]"),
            ],
        ),
        (
            "pairs",
            |n| shown(Some(n.pairs()).filter(|pairs| pairs.len() > 0)),
            &[("dict", "{Str(\"k\"): Int(1)}")],
        ),
        (
            "get",
            |n| shown(n.get("k").map(Node::kind)),
            &[("dict", "Int(1)")],
        ),
    ];
    check(accessors, |get, value| {
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        get(LoadOptions::wire().document_buf(&bytes).unwrap().root())
    });
}

#[test]
fn a_value_and_its_node_name_the_type_and_whether_python_can_hash_it() {
    for (kind, value, hashable) in kinds() {
        assert_eq!(value.type_name(), kind);
        assert_eq!(value.is_hashable(), hashable, "{kind}");
        for around in [value!((value.clone(),)), value!(((1, value.clone()), 2))] {
            assert_eq!(around.is_hashable(), hashable, "{kind} in a tuple");
        }
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        assert_eq!(document.root().type_name(), kind);
        assert_eq!(document.root().to_value(), value);
    }
}

#[test]
fn integers_have_their_accessors_up_to_their_borders() {
    for (digits, small, unsigned) in [
        ("-9223372036854775809", None, None),
        ("-9223372036854775808", Some(i64::MIN), None),
        ("-1", Some(-1), None),
        ("0", Some(0), Some(0)),
        (
            "9223372036854775807",
            Some(i64::MAX),
            Some(1 << 63 ^ u64::MAX),
        ),
        ("9223372036854775808", None, Some(1 << 63)),
        ("18446744073709551615", None, Some(u64::MAX)),
        ("18446744073709551616", None, None),
    ] {
        let value = Value::Int(digits.parse().unwrap());
        assert_eq!(value.as_i64(), small, "{digits}");
        assert_eq!(value.as_u64(), unsigned, "{digits}");
        assert_eq!(format!("{value:?}"), format!("Int({digits})"));
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        assert_eq!(document.root().as_i64(), small, "{digits}");
        let is_big = matches!(document.root().kind(), NodeKind::BigInt(_));
        assert_eq!(is_big, small.is_none(), "{digits}");
    }
}

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

/// Up to 22 bytes are kept in place, and none of it shows.
#[test]
fn text_is_the_same_however_long_it_is() {
    for len in [0, 1, 21, 22, 23, 24, 100] {
        let text = "t".repeat(len);
        for kept in [
            Str::from(text.as_str()),
            Str::from(text.clone()),
            Str::from(Cow::Borrowed(text.as_str())),
            Str::from(Cow::Owned(text.clone())),
            text.chars().collect(),
        ] {
            let borrowed: &str = kept.borrow();
            assert_eq!([kept.as_str(), kept.as_ref(), borrowed, &kept], [&text; 4]);
            assert!(kept == *text && kept == text.as_str());
            assert!(kept != *"u" && kept != "u");
            assert_eq!(kept.cmp(&Str::from("s")), text.as_str().cmp("s"));
            assert_eq!(
                kept.partial_cmp(&Str::from("u")),
                text.as_str().partial_cmp("u")
            );
            assert_eq!(String::from(kept), text);
        }
    }
    assert_eq!((Str::default(), Str::from('é')), (Str::new(), "é".into()));
}

#[test]
fn small_types_have_display_and_debug() {
    assert_eq!(Complex { re: 1.0, im: -0.5 }.to_string(), "(1-0.5j)");
    assert_eq!(ChannelId(-3).to_string(), "-3");
    assert_eq!(Str::from("it's").to_string(), "it's");
    assert_eq!(format!("{:?}", Str::from("it's")), "\"it's\"");
    for digits in ["-5", "36893488147419103232"] {
        let int: Int = digits.parse().unwrap();
        assert_eq!(
            (int.to_string(), format!("{int:?}")),
            (digits.into(), digits.into())
        );
    }
    assert_eq!(
        u8::try_from(&Int::from(256)).unwrap_err().to_string(),
        "integer out of range of the requested type"
    );
    assert_eq!(u8::try_from(&Int::from(-1)), Err(TryFromIntError));
    assert_eq!(ParseIntError.to_string(), "not a decimal integer");
    assert_eq!("1.0".parse::<Int>(), Err(ParseIntError));
}
