//! Pickles beside Python's own loader.

use execnet_core_sync::pickle::{PickleError, from_opcodes, from_opcodes_with_memo, to_opcodes};
use execnet_serializer::{Limits, LoadOptions};

use crate::serializer::{Stock, with_stock};

/// The operations that `docs/protocol.md` lists, and STOP. A pickle is refused for any other.
const PLAIN: &[u8] = b"N\x88\x89JKM\x8aG\x8cXCB]ae}su\x8f\x90\x91)\x85\x86\x87t(\x95.";

/// Python hashes keys and items of sets by recursion, and dies if these are nested by the ten thousands.
const TUPLES: usize = 5000;

/// What Python does not find in an item.
const SENTINEL: &[u8] = b"C\x08sentinel";

/// An input as a pickle, and as opcodes. What is read as a pickle is what Python's loader reads, and what is written is as
/// well. What is refused, Python refuses too, or `docs/protocol.md` says that it is refused here.
///
/// # Panics
/// When there is no Python with stock execnet.
pub fn pickle_differential(input: &[u8]) {
    with_stock(|stock| {
        let item = [b"\x80\x04", input, b"Q"].concat();
        match to_opcodes(&item, Limits::default()) {
            Ok(opcodes) => is_the_same(stock, &item, &opcodes),
            Err(error) => is_refused(stock, &item, &error),
        }
        for pickle in [from_opcodes(input), from_opcodes_with_memo(input)]
            .into_iter()
            .flatten()
        {
            is_the_same(stock, &pickle, input);
        }
    });
}

/// Python's loader and stock execnet make the same of the two forms, and so does this crate, unless it refuses what the
/// property `differential` lets it refuse.
fn is_the_same(stock: &mut Stock, pickle: &[u8], opcodes: &[u8]) {
    let ours = LoadOptions::wire().loads(opcodes);
    match &ours {
        Err(error) if error.is_limit() || is_too_deep(pickle) => return,
        _ => {}
    }
    let (agree, found) = stock.agrees(pickle, opcodes).expect("Python answers");
    if let Err(error) = &ours
        && found.starts_with("as a pickle a value of type")
    {
        assert!(error.is_malformed(), "{error}; {found}");
        // Half a surrogate pair passes in pickles alone.
        assert!(
            agree || found.contains("as opcodes UnicodeDecodeError"),
            "{found}"
        );
        return;
    }
    assert!(agree, "{found}");
    if let Ok(value) = ours {
        assert!(!found.contains("Error"), "{value}; {found}");
    }
}

fn is_refused(stock: &mut Stock, item: &[u8], error: &PickleError) {
    if error.is_limit() || is_too_deep(item) {
        return;
    }
    let mut python = |pickle: &[u8]| stock.unpickle(pickle).expect("Python answers");
    match *error {
        PickleError::Operation { byte, offset } => {
            assert_eq!(item[offset], byte);
            assert!(offset < 2 || !PLAIN.contains(&byte), "{error}");
        }
        PickleError::Truncated { .. } => assert_eq!(python(item), None, "{error}"),
        PickleError::Stack { offset } => {
            let (before, rest) = item.split_at(offset);
            let Some(kind) = python(&[before, &rest[..1], b"."].concat()) else {
                return;
            };
            // Python does nothing if there are no items, and has items of a list set by their indices.
            match rest[0] {
                b'e' | b'u' | 0x90
                    if python(&[before, b"t."].concat()).as_deref() == Some("tuple 0") => {}
                b's' | b'u' if kind.starts_with("list ") => {}
                _ => panic!("{error}; Python has a {kind}"),
            }
        }
        PickleError::End { offset } => {
            // All values before the end, as items of a tuple, unless a mark is among them.
            let (operations, end) = item.split_at(offset);
            let wrapped = [b"\x80\x04(", SENTINEL, &operations[2..], b"t."].concat();
            let one_value = python(&wrapped).as_deref() == Some("tuple 2 with a sentinel");
            assert!(!one_value || end != b".Q", "{error}");
        }
        ref other => panic!("unknown: {other}"),
    }
}

fn is_too_deep(pickle: &[u8]) -> bool {
    let tuples = |byte: &&u8| matches!(byte, 0x85..=0x87 | 0x91 | b't');
    pickle.iter().filter(tuples).count() > TUPLES
}
