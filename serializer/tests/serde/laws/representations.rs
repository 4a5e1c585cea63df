//! Types in every representation, buffered by serde or not.

use super::*;

#[test]
fn types_round_trip_in_every_representation() {
    law_in_buffers(true);
    law_in_buffers(i8::MIN);
    law_in_buffers(i32::MIN);
    law_in_buffers((i64::MIN, i64::MAX));
    law_in_buffers((0_u64, 1 << 31, u64::MAX));
    law_in_buffers((0.5_f32, -0.0_f64, f64::INFINITY, 1e300));
    law_in_buffers(('x', '\u{10ffff}'));
    law_in_buffers("text\0".to_owned());
    law_in_buffers(());
    law_in_buffers(Unit);
    law_in_buffers(Some(5_u8));
    law_in_buffers(None::<Vec<u8>>);
    law_in_buffers(Some(External::Newtype(1)));
    law_in_buffers(vec![1_u8, 255]);
    law_in_buffers(Bytes(b"\0b".to_vec()));
    law_in_buffers(Bytes(*b"\0b"));
    law_in_buffers(serde_bytes::ByteBuf::from(*b"\0b"));
    law_in_buffers([1_u8, 255]);
    law_in_buffers(BTreeSet::from([1, 2]));
    law_in_buffers(AsSet(vec![1, 2]));
    law_in_buffers(AsSet([1, 2]));
    law_in_buffers(AsFrozenSet(BTreeSet::from(['a'])));
    law_in_buffers(Complex { re: 1.0, im: -2.0 });
    law_in_buffers(ChannelId(7));
    law_in_buffers(ChannelId(-7));
    for digits in ["0", "-1", "18446744073709551615", "-18446744073709551616"] {
        law_in_buffers(digits.parse::<Int>().unwrap());
    }
    law_in_buffers("9".repeat(100).parse::<Int>().unwrap());
    law_in_buffers(BTreeMap::from([(1_u64, 'a'), (u64::MAX, 'b')]));
    law_in_buffers(BTreeMap::from([(true, -1_i8), (false, 1)]));
    law_in_buffers(BTreeMap::from([((1, 'x'), [(); 0])]));
    law_in_buffers(BTreeMap::from([(None::<i8>, 1), (Some(-1), 2)]));
    law_in_buffers(BTreeMap::from([(Newtype2(1), ())]));
    law_in_buffers(IpAddr::from(Ipv4Addr::LOCALHOST));
    law_in_buffers((Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST));
    law_in_buffers("[::1]:80".parse::<SocketAddr>().unwrap());
    law_in_buffers(Uuid(0x1234));
    law_in_buffers(Duration::new(1, 2));
    law_in_buffers(std::time::SystemTime::UNIX_EPOCH);
    law_in_buffers(PathBuf::from("a/b"));
    law_in_buffers(NonZeroU16::MIN);
    law_in_buffers(1..5);
    law_in_buffers(Ok::<u8, String>(1));
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Newtype2(u8);

/// serde's buffers have no integers of 128 bits. `Int` comes through.
#[test]
fn integers_beyond_64_bits_come_back_where_serde_does_not_buffer() {
    law(i128::MIN);
    law(u128::MAX);
    law((1_i128 << 64, -1_i128 << 100));
    let bytes = to_vec(&Internal::Struct { v: u128::MAX }).unwrap();
    let error = from_slice::<Internal<u128>>(&bytes).unwrap_err();
    assert!(error.to_string().contains("128"), "{error}");
    let int: Internal<Int> = from_slice(&bytes).unwrap();
    assert_eq!(
        int,
        Internal::Struct {
            v: Int::from(u128::MAX)
        }
    );
}

/// The kinds that serde has no method for are told apart by an untagged enum,
/// whatever order its variants have.
#[test]
fn untagged_variants_are_distinguished() {
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[serde(untagged)]
    enum Special {
        Channel(ChannelId),
        Int(Int),
        Float(f64),
        Text(String),
        Map(BTreeMap<String, Value>),
        Set(AsSet<Vec<u8>>),
    }

    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[serde(untagged)]
    enum Plain {
        Map(BTreeMap<String, Value>),
        Text(String),
        Number(i64),
        Int(Int),
        Channel(ChannelId),
    }

    let big = || "7".repeat(50).parse::<Int>().unwrap();
    let pair = |key: &str, value: Value| BTreeMap::from([(key.to_owned(), value)]);
    law_in_buffers(Special::Channel(ChannelId(1)));
    law_in_buffers(Special::Int(Int::from(1)));
    law_in_buffers(Special::Int(big()));
    law_in_buffers(Special::Float(1.0));
    law_in_buffers(Special::Text("5".to_owned()));
    law_in_buffers(Special::Map(pair("a", 1.into())));
    law_in_buffers(Special::Set(AsSet(vec![1])));
    law_in_buffers(Plain::Map(pair("$channel", 1.into())));
    law_in_buffers(Plain::Text("5".to_owned()));
    law_in_buffers(Plain::Number(5));
    law_in_buffers(Plain::Int(big()));
    law_in_buffers(Plain::Channel(ChannelId(5)));
}

/// Where serde buffers, tuples and sets have become lists, and complex numbers
/// two floats: it has no more than sequences for them.
#[test]
fn buffered_values_are_equal_except_for_the_kind_of_sequences() {
    for (written, read) in [
        ("None", "None"),
        ("[1, -1, 2.5, True]", "[1, -1, 2.5, True]"),
        (
            "{'$channel': 1, '$int': '5'}",
            "{'$channel': 1, '$int': '5'}",
        ),
        ("{'$channel': 1}", "{'$channel': 1}"),
        ("{'$int': '1'}", "{'$int': '1'}"),
        ("[Channel(3), b'x']", "[Channel(3), b'x']"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (
            "{1: 'a', None: 2, 0.5: b'', b'k': 3}",
            "{1: 'a', None: 2, 0.5: b'', b'k': 3}",
        ),
        ("[(1, 2), {3}, 1j]", "[[1, 2], [3], [0.0, 1.0]]"),
    ] {
        let [written, read]: [Value; 2] = [written, read].map(|text| text.parse().unwrap());
        law(written.clone());
        let bytes = to_vec(&Untagged::Struct { v: &written }).unwrap();
        let value: Untagged<Value> = from_slice(&bytes).unwrap();
        assert_eq!(value, Untagged::Struct { v: read });
    }
}

fn any_int() -> impl Strategy<Value = Int> {
    prop_oneof![
        any::<i64>().prop_map(Int::from),
        any::<u64>().prop_map(Int::from),
        "-?[1-9][0-9]{0,60}".prop_map(|digits| digits.parse().unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn scalars_come_back_from_every_representation(
        int in any_int(),
        id: i32,
        text in ".{0,8}",
        float in -1e300..1e300,
        bytes in vec(any::<u8>(), 0..8),
        character: char,
        small: (i8, u16, u64, bool),
        address: IpAddr,
    ) {
        law_in_buffers(int);
        law_in_buffers(ChannelId(id));
        law_in_buffers(text);
        law_in_buffers(float);
        law_in_buffers(Bytes(bytes.clone()));
        law_in_buffers(bytes);
        law_in_buffers(character);
        law_in_buffers(small);
        law_in_buffers(address);
    }

    #[test]
    fn containers_come_back_from_every_representation(
        map in btree_map(".{0,3}", option::of(vec(any::<i64>(), 0..3)), 0..3),
        numbers in btree_map(any::<i64>(), (any::<bool>(), ".{0,3}"), 0..3),
        nested in vec(option::of((any::<u8>(), btree_set(any::<char>(), 0..3))), 0..3),
        keys in btree_map(any::<(u8, Option<bool>)>(), any::<char>(), 0..3),
    ) {
        law_in_buffers(map);
        law_in_buffers(numbers);
        law_in_buffers(nested);
        law_in_buffers(keys);
    }
}

#[test]
fn dicts_and_sets_come_back_from_every_representation() {
    let dict: Value = "{1: 'a', 'b': [1, {}], None: 5}".parse().unwrap();
    law_in_buffers(dict.as_dict().unwrap().clone());
    law_in_buffers(Dict::new());
    law_in_buffers(Set::from_iter([1, 2].map(Value::from)));
}

#[test]
fn siblings_are_not_nested_however_many_there_are() {
    let many = 2 * usize::from(execnet_serializer::Limits::TYPED_DEPTH);
    fn all<T: Type>(part: T, many: usize) {
        comes_back(vec![part; many]);
    }
    all(vec![1_u8], many);
    all((1_u8, 'x'), many);
    all(BTreeMap::from([(1, 2)]), many);
    all(Field { v: 1 }, many);
    all(AsSet(vec![1]), many);
    all(AsFrozenSet(vec![1]), many);
    all(External::Newtype(1), many);
    all(External::Tuple(1, 2), many);
    all(External::Struct { v: 1 }, many);
    all(Adjacent::Tuple(1, 2), many);
    let value: Value = "[{1: {2: 3}}, {4}, (5, [6])]".parse().unwrap();
    all(value, many);
    // Also where the length is not known before.
    struct Unknown(usize);
    impl Serialize for Unknown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..self.0).filter(|_| true).map(|n| [vec![n]]))
        }
    }
    let written = to_value(&Unknown(many)).unwrap();
    assert_eq!(written.as_slice().unwrap().len(), many);
}
