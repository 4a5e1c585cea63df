//! Items that travel as pickles.

use crate::without_memo::without_memo;
use execnet_core_sync::pickle::{from_opcodes, from_opcodes_with_memo, to_opcodes};
use execnet_serializer::{DumpOptions, Limits, LoadOptions, Value};

/// Opcodes of a pickle are at most this many times as long: an int of two bytes in a list is eleven, and an empty list of
/// one byte is too.
const FACTOR: usize = 11;

/// An input as a pickle, and as opcodes: whatever is read is a value, and the other form says the same.
pub fn pickle(input: &[u8]) {
    let item = [b"\x80\x04", input, b"Q"].concat();
    if let Ok(opcodes) = to_opcodes(&item, Limits::default()) {
        assert!(
            opcodes.len() <= item.len() * FACTOR,
            "{} bytes",
            opcodes.len()
        );
        let limit = opcodes.len() - 1;
        assert!(
            to_opcodes(&item, Limits::default().with_bytes(limit)).is_err(),
            "the limit has no effect"
        );
        // Keys may be lists and texts no UTF-8, but the opcodes are whole.
        let loaded = LoadOptions::wire().loads(&opcodes);
        assert!(!loaded.is_err_and(|error| error.is_truncated()));
        goes_back(&opcodes);
    }
    goes_back(input);
}

/// What becomes a pickle is the same value when it comes back.
fn goes_back(opcodes: &[u8]) {
    let Some(pickle) = from_opcodes(opcodes) else {
        return;
    };
    let with_memo = from_opcodes_with_memo(opcodes).expect("a memo refuses nothing");
    assert!(
        with_memo.len() <= pickle.len() + 256,
        "a memo adds at most its marks"
    );
    assert_eq!(without_memo(&with_memo), pickle);
    let back = to_opcodes(&pickle, Limits::default()).expect("what was written can be read");
    // As bytes: NaN is not equal to itself. Ints may have been written in several ways.
    let value = |bytes: &[u8]| LoadOptions::wire().loads(bytes).ok();
    let bytes = |value: Value| DumpOptions::wire().dumps(&value).ok();
    assert_eq!(value(opcodes).map(bytes), value(&back).map(bytes));
}
