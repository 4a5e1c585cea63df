//! Values that go to stock workers and back.

use execnet::serializer::{
    Complex, Dict, DumpOptions, Int, LoadOptions, Set, StrConfig, dumps, loads,
};
use execnet::{Value, value};
use execnet_test_support::receive;

use super::{Case, Peer};

pub(super) const CASES: &[Case] = &[
    (&["test_compatibility_regressions::test_opcodes"], opcodes),
    (&["test_basics::test_serializer_api"], stored),
    (
        &[
            "test_basics::test_serializer_api_version_error",
            "test_serializer::test_py2_string_loads",
        ],
        stored_by_others,
    ),
    (
        &[
            "test_serializer::test_simple",
            "test_serializer::test_set",
            "test_serializer::test_frozenset",
            "test_serializer::test_long",
            "test_serializer::test_bool",
            "test_serializer::test_none",
            "test_serializer::test_tuple_nested_with_empty_in_between",
        ],
        types,
    ),
    (
        &[
            "test_serializer::test_bytes",
            "test_serializer::test_str",
            "test_serializer::test_unicode",
        ],
        strings,
    ),
    (&["1.9.0 test_channel::test_3to2"], coerced),
];

/// Those of Python 2 alone.
pub(super) const PYTHON_2: &[Case] = &[(
    &[
        "1.9.0 test_serializer::test_set / test_frozenset / test_long / test_bool",
        "1.9.0 test_serializer::test_small_long",
        "1.9.0 test_serializer::test_bytes",
        "1.9.0 test_serializer::test_str",
        "1.9.0 test_serializer::test_unicode",
    ],
    python_2,
)];

fn every_opcode() -> Vec<Value> {
    vec![
        value!(None),
        value!([true, false, 5, (-7)]),
        Value::from(1_i64 << 40),
        Value::Float(3.25),
        Value::Complex(Complex { re: 1.78, im: 3.25 }),
        Value::Bytes(b"bytes".to_vec()),
        value!("text"),
        value!(((1, 2), {"key": [1]})),
        Value::Set(Set::from_iter([Value::from(1)])),
        Value::FrozenSet(Set::from_iter([Value::from(2)])),
    ]
}

/// What is written here is read there, and the other way round.
fn opcodes(peer: &Peer) {
    let channel = peer.exec(
        "
        from execnet.gateway_base import dumps_internal, loads_internal
        for item in channel:
            channel.send((loads_internal(item), dumps_internal(loads_internal(item))))
        ",
    );
    channel.reconfigure(StrConfig::STORED).unwrap();
    for value in every_opcode() {
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        channel.send(Value::Bytes(bytes.clone())).unwrap();
        let Value::Tuple(parts) = receive(&channel) else {
            panic!("not a pair")
        };
        let [loaded, dumped] = parts.try_into().unwrap();
        assert_eq!(loaded, value);
        let Value::Bytes(dumped) = dumped else {
            panic!("not bytes: {dumped}")
        };
        // Python 2 has other types of text, and opcodes of its own for them.
        match peer.python_2() {
            true => assert_eq!(
                LoadOptions::wire()
                    .with_strings(StrConfig::STORED)
                    .loads(&dumped)
                    .unwrap(),
                value
            ),
            false => assert_eq!(dumped, bytes),
        }
    }
}

fn stored(peer: &Peer) {
    let channel =
        peer.exec("import execnet\nfor item in channel: channel.send(execnet.dumps(item))");
    for value in [
        value!("123"),
        value!(42),
        value!([1, 2, 3]),
        value!(["23", 25]),
    ] {
        channel.send(&value).unwrap();
        let bytes = match receive(&channel) {
            Value::Bytes(bytes) => bytes,
            // A str of Python 2.
            Value::Str(text) => String::from(text).into_bytes(),
            other => panic!("{other}"),
        };
        assert_eq!(loads(&bytes).unwrap(), value);
    }
}

fn stored_by_others(peer: &Peer) {
    let channel = peer.exec(
        "
        import execnet
        for item in channel:
            try: channel.send(repr(execnet.loads(item)))
            except execnet.DataFormatError: channel.send('refused')
        ",
    );
    let other = if peer.release.execnet.starts_with("1.") {
        dumps(&1).unwrap()
    } else {
        b"\x01F\0\0\0\x01Q".to_vec()
    };
    channel.send(Value::Bytes(other)).unwrap();
    assert_eq!(receive(&channel), value!("refused"));
    // Both are read here, as nothing but the version differs; one that nobody has written is not.
    assert_eq!(loads(b"\x01F\0\0\0\x01Q").unwrap(), 1);
    assert!(loads(b"\x03F\0\0\0\x01Q").unwrap_err().is_version());
    // The text of Python 2 is bytes to a peer that stores data.
    let stored = b"\x02M\0\0\0\x01aQ";
    assert_eq!(loads(stored).unwrap(), Value::Bytes(b"a".to_vec()));
    channel.send(Value::Bytes(stored.to_vec())).unwrap();
    let theirs = receive(&channel);
    let refused = peer.release.execnet.starts_with("1.");
    assert_eq!(theirs, value!(if refused { "refused" } else { "b'a'" }));
}

/// A channel that sends back the type, the text and the item itself.
const ECHO: &str = "for item in channel: channel.send((type(item).__name__, repr(item), item))";

fn types(peer: &Peer) {
    let channel = peer.exec(ECHO);
    let long: Int = "9223372036854775807324234".parse().unwrap();
    let numbers: Set = [1, 2, 3].into_iter().map(Value::from).collect();
    for (value, name) in [
        (value!(4), "int"),
        (value!(3.25), "float"),
        (Value::Complex(Complex { re: 1.78, im: 3.25 }), "complex"),
        (value!([1, 2, 3]), "list"),
        (value!((1, 2, 3)), "tuple"),
        (value!((1, (), 3)), "tuple"),
        (
            Value::Dict(Dict::from_iter([(value!((1, 2, 3)), value!(32))])),
            "dict",
        ),
        (Value::Set(numbers.clone()), "set"),
        (Value::Set(Set::new()), "set"),
        (Value::FrozenSet(numbers), "frozenset"),
        (Value::FrozenSet(Set::new()), "frozenset"),
        (
            Value::Int(long),
            if peer.python_2() { "long" } else { "int" },
        ),
        (value!(true), "bool"),
        (value!(None), "NoneType"),
    ] {
        channel.send(&value).unwrap();
        let Value::Tuple(parts) = receive(&channel) else {
            panic!("not a tuple")
        };
        assert_eq!(parts[0], value!(name), "{value}");
        assert_eq!(parts[2], value);
        let text = parts[1].as_str().unwrap();
        let ordered = !matches!(value, Value::Set(_) | Value::FrozenSet(_)) && !peer.python_2();
        assert!(!ordered || text == format!("{value}"), "{text}");
    }
}

fn strings(peer: &Peer) {
    let channel = peer.exec(ECHO);
    let [bytes, text] = if peer.python_2() {
        ["str", "unicode"]
    } else {
        ["bytes", "str"]
    };
    for (value, name) in [
        (Value::Bytes(b"hi".to_vec()), bytes),
        (value!("xyz"), text),
        (value!("h\u{e4}\u{1f40d}"), text),
    ] {
        channel.send(&value).unwrap();
        let Value::Tuple(parts) = receive(&channel) else {
            panic!("not a tuple")
        };
        assert_eq!(parts[0], value!(name));
        let back = match &value {
            Value::Bytes(_) if peer.python_2() => value!("hi"),
            _ => value,
        };
        assert_eq!(parts[2], back);
    }
}

fn python_2(peer: &Peer) {
    let channel = peer.exec(
        "for item in (set([1]), frozenset(), 2 ** 70, True, 123L, 'str', u'unicode'): channel.send(item)",
    );
    assert_eq!(receive(&channel), Value::Set(Set::from_iter([value!(1)])));
    assert_eq!(receive(&channel), Value::FrozenSet(Set::new()));
    assert_eq!(receive(&channel).to_string(), "1180591620717411303424");
    for value in [value!(true), value!(123), value!("str"), value!("unicode")] {
        assert_eq!(receive(&channel), value);
    }
}

fn coerced(peer: &Peer) {
    let channel = peer.exec("for item in channel: channel.send((type(item).__name__, item))");
    channel
        .reconfigure(StrConfig {
            py2str_as_py3str: false,
            py3str_as_py2str: true,
        })
        .unwrap();
    channel.send("text").unwrap();
    let Value::Tuple(parts) = receive(&channel) else {
        panic!("not a pair")
    };
    let [name, text] = parts.try_into().unwrap();
    // Python 3 reads texts so since execnet 2.0; this side does in any case.
    let as_bytes = !peer.release.execnet.starts_with("1.");
    let expected = if as_bytes { "bytes" } else { "str" };
    assert_eq!(name, Value::Bytes(expected.into()));
    assert_eq!(text, Value::Bytes(b"text".to_vec()));
}
