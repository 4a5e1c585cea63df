//! What a value of each kind gives to each accessor, and how it is shown.

mod containers;
mod scalars;

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
        (
            "to_f64",
            |v| shown(v.to_f64()),
            &[("int", "7.0"), ("float", "2.5")],
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
fn a_test_of_the_kind_is_true_of_that_kind_alone() {
    type Test = (fn(&Value) -> bool, &'static [&'static str]);
    let tests: [Test; 12] = [
        (Value::is_none, &["None"]),
        (Value::is_bool, &["bool"]),
        (Value::is_int, &["int"]),
        (Value::is_float, &["float"]),
        (Value::is_complex, &["complex"]),
        (Value::is_bytes, &["bytes"]),
        (Value::is_str, &["str"]),
        (Value::is_list, &["list"]),
        (Value::is_tuple, &["tuple"]),
        (Value::is_dict, &["dict"]),
        (Value::is_set, &["set", "frozenset"]),
        (Value::is_channel, &["channel"]),
    ];
    for (is_of_kind, names) in tests {
        for (kind, value, _) in kinds() {
            assert_eq!(
                is_of_kind(&value),
                names.contains(&kind),
                "{names:?}: {kind}"
            );
        }
    }
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
