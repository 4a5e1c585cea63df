//! A value for which there is no memory is an error, wherever the memory ends.
//!
//! One test alone, because the limit is that of the whole process.

// Other builds for a system do not look whether an allocation has failed.
#![cfg(all(feature = "std", debug_assertions))]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

use std::alloc::System;

use cap::Cap;
use execnet_serializer::{LoadError, LoadOptions, StrConfig, StreamError, Value, dumps, value};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// A value of each kind that takes memory, in several sizes.
fn values() -> Vec<Value> {
    let text = "a text that is too long for the place of a short one";
    let big: Value = "123456789012345678901234567890".parse().unwrap();
    let numbers = |count: i32| (0..count).map(Value::from);
    let pairs = |count: i32| (0..count).map(|n| (Value::from(n), Value::from(text)));
    vec![
        text.into(),
        Value::Bytes(vec![7; 1000]),
        big.clone(),
        value!([1, [2, [text, big, (None, text)]], {"a": {"b": [text]}}]),
        Value::List(numbers(100).collect()),
        Value::Tuple(numbers(100).collect()),
        Value::Set(numbers(3).collect()),
        Value::Set(numbers(100).collect()),
        Value::FrozenSet(numbers(100).collect()),
        Value::Dict(pairs(3).collect()),
        Value::Dict(pairs(100).collect()),
        Value::List(vec![Value::Dict(pairs(10).collect()); 3]),
        // Keys that are containers have an index, however few they are.
        Value::Set([Value::Tuple(numbers(3).collect())].into_iter().collect()),
    ]
}

/// Runs it with no more than `more` bytes of memory.
fn within<T>(more: usize, run: impl FnOnce() -> T) -> T {
    HEAP.set_limit(HEAP.allocated() + more).unwrap();
    let done = run();
    HEAP.set_limit(usize::MAX).unwrap();
    done
}

/// Loads with less memory than it needs, each time with some bytes more, until there is enough.
fn check(expected: &Value, load: impl Fn() -> Result<Value, LoadError>) {
    for memory in (0..).step_by(4) {
        let before = HEAP.allocated();
        match within(memory, &load) {
            Ok(loaded) => {
                assert_eq!(&loaded, expected);
                assert!(memory > 0, "no memory is needed: {expected:?}");
                return;
            }
            Err(error) => {
                assert!(error.is_memory() && error.is_limit(), "{error}");
                assert!(error.to_string().ends_with("no memory for the value"));
            }
        }
        assert_eq!(HEAP.allocated(), before, "memory of a value that failed");
    }
}

#[test]
fn no_memory_for_a_value_is_an_error() {
    for value in values() {
        let bytes = dumps(&value).unwrap();
        check(&value, || LoadOptions::new().loads(&bytes));
        check(&value, || {
            let document = LoadOptions::new().document_buf(&bytes)?;
            Ok(within(usize::MAX / 4, || document.root().to_value()))
        });
        check(&value, || {
            match LoadOptions::new().stream(bytes.as_slice()).next_value() {
                Ok(value) => Ok(value.unwrap()),
                Err(StreamError::Value(error)) => Err(error),
                Err(StreamError::Io(error)) => panic!("{error}"),
            }
        });
    }
    // A set of one element many times over shrinks, which takes memory, too.
    let mut same = b"\x02".to_vec();
    same.extend(b"F\0\0\0\x01".repeat(100));
    same.extend(b"O\0\0\0\x64Q");
    check(&value!(set {1}), || LoadOptions::new().loads(&same));
    // Text of Python 2, of which each byte may take two.
    let latin = [&b"\x02M\0\0\0\x40"[..], &[0xe4; 64], b"Q"].concat();
    let options = LoadOptions::new().with_strings(StrConfig {
        py2str_as_py3str: true,
        py3str_as_py2str: false,
    });
    check(&Value::from("\u{e4}".repeat(64)), || options.loads(&latin));
}
