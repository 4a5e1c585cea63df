//! Errors of writing.

use super::*;

/// A list of what serde's own maps cannot be keys of.
fn unhashable() -> BTreeMap<Vec<u8>, u8> {
    BTreeMap::from([(vec![1], 2)])
}

/// A map that is written key by key and value by value, of which the last is
/// `unhashable`, after `whole` pairs at once.
struct ByParts {
    whole: i32,
    parts: i32,
    bad_key: bool,
}

impl serde::Serialize for ByParts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        for n in 0..self.whole {
            map.serialize_entry(&n, &())?;
        }
        for n in 0..self.parts {
            map.serialize_key(&(n + self.whole))?;
            map.serialize_value("good")?;
        }
        if self.bad_key {
            map.serialize_key(&unhashable())?;
        } else {
            map.serialize_key("bad")?;
            map.serialize_value(&unhashable())?;
        }
        map.end()
    }
}

#[test]
fn errors_of_writing_name_the_place() {
    #[derive(serde::Serialize)]
    enum Variants {
        Newtype(BTreeMap<Vec<u8>, u8>),
        Tuple(u8, BTreeMap<Vec<u8>, u8>),
        Struct { field: BTreeMap<Vec<u8>, u8> },
    }
    fn place(value: &impl serde::Serialize) -> String {
        let error = execnet_serializer::to_vec(value).unwrap_err();
        assert!(error.to_string().contains("unhashable"), "{error}");
        error.path().to_string()
    }
    assert_eq!(place(&Variants::Newtype(unhashable())), ".Newtype[...]");
    assert_eq!(place(&Variants::Tuple(1, unhashable())), ".Tuple[1][...]");
    let field = unhashable();
    assert_eq!(place(&Variants::Struct { field }), ".Struct.field[...]");
    assert_eq!(place(&BTreeMap::from([(5, unhashable())])), "[5][...]");
    assert_eq!(place(&BTreeMap::from([("k", unhashable())])), "['k'][...]");
    for (whole, parts) in [(0, 0), (0, 2), (2, 0), (2, 1), (3, 3)] {
        let by_parts = |bad_key| ByParts {
            whole,
            parts,
            bad_key,
        };
        let pair = whole + parts;
        assert_eq!(place(&by_parts(false)), format!("[pair {pair}][...]"));
        assert_eq!(place(&by_parts(true)), format!("[pair {pair}]"));
    }
}
