//! Types that borrow from the input, with and without an allocator.

use alloc::collections::BTreeMap;

use execnet_serializer::{Document, Embedded, LoadOptions, StreamError, to_writer};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Borrowed<'a> {
    #[serde(borrow)]
    text: &'a str,
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
    pair: (i64, f64),
    shape: Option<&'a str>,
}

/// Nothing here allocates: neither writing, nor the document, nor the type.
#[test]
fn a_struct_round_trips_without_allocation() {
    let value = Borrowed {
        text: "hello",
        bytes: b"\0\xff",
        pair: (-5, 0.5),
        shape: None,
    };
    let mut buffer = [0; 128];
    to_writer(Embedded(&mut buffer[..]), &value).unwrap();
    let document = Document::<16>::loads(&buffer).unwrap();
    assert_eq!(
        document.root().deserialize::<Borrowed<'_>>().unwrap(),
        value
    );
    let text: &str = document.root().get("text").unwrap().deserialize().unwrap();
    assert!(buffer.as_ptr_range().contains(&text.as_ptr()));
}

#[test]
fn a_full_sink_gives_its_own_error() {
    let mut small = [0; 4];
    let error = to_writer(Embedded(&mut small[..]), "hello").unwrap_err();
    assert_eq!(error, StreamError::Io(embedded_io::SliceWriteError::Full));
}

#[test]
fn errors_name_the_place_without_allocation_too() {
    // [{"data": (1, "x")}]
    let bytes = b"K\0\0\0\x01F\0\0\0\0JN\0\0\0\x04dataF\0\0\0\x01N\0\0\0\x01x@\0\0\0\x02PPQ";
    let document = LoadOptions::wire().document::<16>(bytes).unwrap();
    let error = document
        .root()
        .deserialize::<[BTreeMap<&str, (u8, u8)>; 1]>()
        .unwrap_err();
    assert_eq!(error.path().to_string(), "[0]['data'][1]");
    assert!(
        error
            .to_string()
            .starts_with("[0]['data'][1]: invalid type: string \"x\"")
    );
}

#[test]
fn python_2_text_is_read_without_allocation() {
    let document = LoadOptions::wire()
        .document::<1>(b"M\0\0\0\x02a\xe9Q")
        .unwrap();
    // Text that a visitor may only look at.
    let length = document.root().deserialize::<Length>().unwrap();
    assert_eq!(length, Length(3));
}

#[derive(Debug, PartialEq)]
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Length;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Length, E> {
                Ok(Length(text.len()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(not(feature = "alloc"))]
#[test]
fn a_list_of_unknown_length_needs_an_allocator() {
    struct Unknown;
    impl Serialize for Unknown {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..4).filter(|n| n % 2 == 0))
        }
    }
    let mut buffer = [0; 64];
    let error = to_writer(Embedded(&mut buffer[..]), &Unknown).unwrap_err();
    assert!(error.to_string().contains("length"), "{error}");
}
