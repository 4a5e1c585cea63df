//! How many parts a type is told of, and that all of them are read.

use super::*;

#[test]
fn nothing_is_left_over_in_bytes_and_complex_numbers() {
    let refused = |error: execnet_serializer::typed::Error| error.to_string();
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    assert_eq!(
        refused(from_value::<[u8; 2]>(&bytes(b"abc")).unwrap_err()),
        "invalid length 3, expected 2 items"
    );
    assert_eq!(from_value::<[u8; 2]>(&bytes(b"ab")).unwrap(), *b"ab");
    assert_eq!(
        refused(from_value::<(f64,)>(&"1+2j".parse().unwrap()).unwrap_err()),
        "invalid length 2, expected 1 items"
    );
    from_value::<Bytes<[u8; 2]>>(&bytes(b"abc")).unwrap_err();
    from_value::<Vec<[u8; 1]>>(&Value::List(vec![bytes(b"ab")])).unwrap_err();
}

/// How many parts a type is told to expect, before each and at the end. It asks
/// for a tuple of that length, or for a sequence if that is zero.
#[derive(Debug, PartialEq)]
struct Hints<const TUPLE: usize>(Vec<Option<usize>>);

impl<'de, const TUPLE: usize> Deserialize<'de> for Hints<TUPLE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TUPLE {
            0 => deserializer.deserialize_seq(Self(Vec::new())),
            len => deserializer.deserialize_tuple(len, Self(Vec::new())),
        }
    }
}

impl<'de, const TUPLE: usize> Visitor<'de> for Hints<TUPLE> {
    type Value = Self;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("parts")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self, A::Error> {
        self.0.push(items.size_hint());
        while items.next_element::<IgnoredAny>()?.is_some() {
            self.0.push(items.size_hint());
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut pairs: A) -> Result<Self, A::Error> {
        self.0.push(pairs.size_hint());
        while pairs.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.0.push(pairs.size_hint());
        }
        Ok(self)
    }
}

#[test]
fn a_document_gives_size_hints() {
    for (literal, len) in [
        ("[]", 0),
        ("[1, 2, 3]", 3),
        ("(1, 2)", 2),
        ("{1, 2, 3}", 3),
        ("frozenset({1})", 1),
        ("{}", 0),
        ("{'a': 1, 2: 3, 'c': 4}", 3),
        ("b'four'", 4),
        ("1j", 2),
    ] {
        let value: Value = literal.parse().unwrap();
        let bytes = execnet_serializer::DumpOptions::wire()
            .dumps(&value)
            .unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        let hints: Hints<0> = document.root().deserialize().unwrap();
        assert_eq!(hints, exact(len), "{literal}");
    }
    // Nor is it more or less where the whole value is not known before.
    for len in 0..20 {
        let list = Value::List(vec![Value::None; len]);
        assert_eq!(from_value::<Hints<0>>(&list).unwrap(), exact(len));
    }
    let tuple = Value::Tuple(vec![Value::None; 3]);
    assert_eq!(from_value::<Hints<3>>(&tuple).unwrap(), exact(3));
}

fn exact<const TUPLE: usize>(len: usize) -> Hints<TUPLE> {
    Hints((0..=len).rev().map(Some).collect())
}

#[test]
fn size_hints_do_not_exceed_the_input() {
    use core::sync::atomic::{AtomicUsize, Ordering};

    static LARGEST: AtomicUsize = AtomicUsize::new(0);

    #[derive(Debug)]
    struct Asks;

    impl<'de> Visitor<'de> for Asks {
        type Value = Self;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
            LARGEST.fetch_max(items.size_hint().unwrap_or(0), Ordering::Relaxed);
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(self)
        }
    }

    impl<'de> Deserialize<'de> for Asks {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_seq(Self)
        }
    }

    let bytes = b"K\0\x0f\0\0F\0\0\0\0LPF\0\0\0\x01LPQ";
    execnet_serializer::LoadOptions::wire()
        .from_slice::<Asks>(bytes)
        .unwrap_err();
    assert_eq!(LARGEST.load(Ordering::Relaxed), 2);
}
