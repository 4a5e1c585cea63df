//! Text: borrowed, printed, and the readable form of types that have two.

use super::*;

#[test]
fn borrowed_text_and_bytes_come_back_borrowed() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Borrowed<'a> {
        text: &'a str,
        #[serde(borrow)]
        bytes: Bytes<&'a [u8]>,
        #[serde(with = "serde_bytes")]
        more: &'a [u8],
        #[serde(borrow)]
        both: Bytes<alloc::borrow::Cow<'a, [u8]>>,
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind")]
    enum Tagged<'a> {
        #[serde(borrow)]
        Only(Borrowed<'a>),
    }

    let value = || Borrowed {
        text: "x",
        bytes: Bytes(b"y"),
        more: b"z",
        both: Bytes(b"w".into()),
    };
    let bytes = to_vec(&value()).unwrap();
    assert_eq!(from_slice::<Borrowed<'_>>(&bytes).unwrap(), value());
    let bytes = to_vec(&Tagged::Only(value())).unwrap();
    let Tagged::Only(read) = from_slice(&bytes).unwrap();
    assert_eq!(read, value());
    assert!(bytes.as_ptr_range().contains(&read.text.as_ptr()));
    assert!(matches!(read.both.0, alloc::borrow::Cow::Borrowed(_)));
}

#[test]
fn addresses_are_text_to_python() {
    let address = to_value(&IpAddr::from(Ipv4Addr::LOCALHOST)).unwrap();
    assert_eq!(address, Value::from("127.0.0.1"));
    assert_eq!(
        to_value(&Uuid(1)).unwrap(),
        Value::from(format!("{:032x}", 1))
    );
}

/// A type that keeps the answer of `is_human_readable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HumanReadable(bool);

impl Serialize for HumanReadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [serializer.is_human_readable()].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HumanReadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is = deserializer.is_human_readable();
        IgnoredAny::deserialize(deserializer).map(|_| Self(is))
    }
}

#[test]
fn the_format_is_human_readable() {
    let asked = || HumanReadable(false);
    let written = |value: Result<Value, _>| -> String { value.unwrap().to_string() };
    assert_eq!(written(to_value(&asked())), "(True,)");
    assert_eq!(written(to_value(&vec![asked()])), "[(True,)]");
    assert_eq!(written(to_value(&AsSet(asked()))), "{True}");
    assert_eq!(
        written(to_value(&AsFrozenSet([asked()]))),
        "frozenset({(True,)})"
    );
    let yes = HumanReadable(true);
    for literal in ["1", "'x'", "None", "(1, 2)", "{1: 2}", "frozenset({1})"] {
        let value: Value = literal.parse().unwrap();
        let read = |value: &Value| from_value::<HumanReadable>(value).unwrap();
        assert_eq!(read(&value), yes, "{literal}");
        let list = Value::List(vec![value.clone()]);
        assert_eq!(from_value::<Vec<HumanReadable>>(&list).unwrap(), [yes]);
        if value.is_hashable() {
            let dict = Value::Dict([(value.clone(), value)].into_iter().collect());
            let read: BTreeMap<HumanReadable, HumanReadable> = from_value(&dict).unwrap();
            assert_eq!(read, BTreeMap::from([(yes, yes)]), "{literal} as key");
        }
        let bytes = execnet_serializer::DumpOptions::wire()
            .dumps(&list)
            .unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        let read: [HumanReadable; 1] = document.root().deserialize().unwrap();
        assert_eq!(read, [yes], "{literal} of a document");
    }
}

#[test]
fn text_that_changes_while_it_is_printed_is_refused() {
    struct Changing(core::cell::Cell<usize>, &'static [&'static str]);
    impl core::fmt::Display for Changing {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            let turn = self.0.replace(self.0.get() + 1);
            f.write_str(self.1.get(turn).ok_or(core::fmt::Error)?)
        }
    }
    impl Serialize for Changing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    let written = |texts| to_value(&Changing(core::cell::Cell::new(0), texts));
    assert_eq!(written(&["same", "same"]).unwrap(), Value::from("same"));
    for texts in [
        &["long", "no"][..],
        &["no", "long"],
        &["", "x"],
        &["x", ""],
        &["x"],
        &[],
    ] {
        assert_eq!(
            written(texts).unwrap_err().to_string(),
            "a value that prints differently each time, or not at all",
            "{texts:?}"
        );
    }
}
