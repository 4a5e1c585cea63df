//! Values that are not of the type, and types that cannot be written.

use super::*;

#[test]
fn mismatches_are_refused_with_their_path() {
    assert_eq!(
        refused::<Vec<BTreeMap<String, Shape2>>>("[{}, {'data': {'a': 'x', 'b': None}}]"),
        "[1]['data'].a: invalid type: string \"x\", expected u8",
    );
    assert_eq!(
        refused::<BTreeMap<i32, Shape>>("{5: {'Struct': {'a': 1, 'b': 2}}}"),
        "[5].Struct.b: invalid type: integer `2`, expected a boolean",
    );
    assert_eq!(
        refused::<(u8, u8)>("(1, 2, 3)"),
        "invalid length 3, expected 2 items",
    );
    assert_eq!(
        refused::<(u8, u8)>("(1,)"),
        "invalid length 1, expected a tuple of size 2"
    );
    assert_eq!(
        refused::<Vec<u8>>("[1, 300]"),
        "[1]: invalid value: integer `300`, expected u8"
    );
    assert_eq!(refused::<Shape2>("{'b': True}"), "missing field `a`");
}

#[test]
fn text_and_bytes_are_distinct() {
    assert_eq!(
        refused::<String>("b'x'"),
        "invalid type: byte array, expected a string"
    );
    assert!(refused::<serde_bytes::ByteBuf>("5").contains("invalid type"));
    // Python 2 data is read as its switches say.
    let bytes = b"M\0\0\0\x01xQ";
    assert!(
        LoadOptions::wire()
            .with_strings(StrConfig::STORED)
            .from_slice::<String>(bytes)
            .is_err()
    );
    assert_eq!(
        LoadOptions::wire().from_slice::<String>(bytes).unwrap(),
        "x"
    );
    assert_eq!(
        LoadOptions::wire()
            .from_slice::<String>(b"M\0\0\0\x01\xe9Q")
            .unwrap(),
        "é"
    );
    let config = StrConfig {
        py3str_as_py2str: true,
        ..StrConfig::STORED
    };
    let options = LoadOptions::wire().with_strings(config);
    let read: serde_bytes::ByteBuf = options.from_slice(b"N\0\0\0\x01xQ").unwrap();
    assert_eq!(read, b"x");
}

#[test]
fn a_channel_is_no_number() {
    let literal = Value::Channel(ChannelId(3)).to_string();
    assert_eq!(
        refused::<i32>(&literal),
        "invalid type: channel, expected i32"
    );
    assert!(refused::<ChannelId>("3").contains("expected a channel"));
}

#[test]
fn unrepresentable_values_are_refused_with_their_path() {
    let unhashable = BTreeMap::from([("data", vec![BTreeMap::from([(vec![1], 2)])])]);
    let error = to_vec(&unhashable).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("['data'][0][...]: unhashable dict key")
    );
    let error = dumps(&Serde(&unhashable)).unwrap_err();
    assert!(error.is_unhashable());
    let error = to_vec(&[AsSet(vec![Shape::Newtype(1)])]).unwrap_err();
    assert!(
        error.to_string().starts_with("[0][0]: unhashable dict key"),
        "{error}"
    );
    assert!(to_vec(&AsSet(vec![AsFrozenSet(vec![1])])).is_ok());
    assert!(to_vec(&AsSet(vec![AsSet(vec![1])])).is_err());
    assert!(to_vec(&BTreeMap::from([((1, vec![2]), 0)])).is_err());
}

#[test]
fn a_sequence_that_miscounts_is_refused() {
    struct Liar;
    impl Serialize for Liar {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            let mut seq = serializer.serialize_seq(Some(2))?;
            seq.serialize_element(&1)?;
            seq.end()
        }
    }
    let error = to_vec(&("x", Liar)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[1]: a sequence of 1 items that announced 2"
    );
}

#[test]
fn broken_bytes_are_a_load_error() {
    let error = from_slice::<u8>(b"\x02F\0\0").unwrap_err();
    assert!(error.as_load_error().unwrap().is_truncated());
    assert_eq!(error.as_load_error().unwrap().offset(), 2);
}
