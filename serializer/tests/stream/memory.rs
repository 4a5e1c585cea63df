//! Memory: what lengths that a peer announces may take, and what is kept.

use super::*;

/// An announced gigabyte costs as little as the bytes that came.
#[test]
fn an_announced_length_is_not_trusted() {
    let Err(ReadError::Value(error)) =
        LoadOptions::wire().load(Embedded(&b"A\x3f\xff\xff\xffabc"[..]))
    else {
        panic!("three bytes passed for a gigabyte");
    };
    assert!(error.is_truncated());
}

#[test]
fn the_limit_on_bytes_holds_before_they_are_read() {
    /// Bytes without end.
    struct Endless(usize);
    impl ErrorType for Endless {
        type Error = ErrorKind;
    }
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
            buffer.fill(b'J');
            self.0 += buffer.len();
            Ok(buffer.len())
        }
    }
    let options = LoadOptions::wire().with_limits(Limits::default().with_bytes(1000));
    let mut endless = Endless(0);
    let Err(ReadError::Value(error)) = options.load(Embedded(&mut endless)) else {
        panic!("a value was read from endless dicts");
    };
    assert!(error.is_limit());
    assert!(endless.0 <= 1002, "{} bytes were read", endless.0);
    // At the limit itself there is a value.
    let bytes = DumpOptions::wire().dumps(&vec![0_u8; 3]).unwrap();
    let within = |limit| Limits::default().with_bytes(limit);
    let exact = |limit| LoadOptions::wire().with_limits(within(limit));
    assert!(exact(bytes.len()).load(Embedded(bytes.as_slice())).is_ok());
    assert!(
        exact(bytes.len() - 1)
            .load(Embedded(bytes.as_slice()))
            .is_err()
    );
    let stored = dumps(&vec![0_u8; 3]).unwrap();
    let exact = LoadOptions::new().with_limits(within(bytes.len()));
    assert!(exact.load(Embedded(stored.as_slice())).is_ok());
}

/// These stay in the memory that they were read into.
#[test]
fn large_bytes_are_read_as_small_ones() {
    for len in [65_000, 65_536, 100_000] {
        let bytes = Value::Bytes((0..len).map(|n| n as u8).collect());
        let mut stored = Vec::new();
        dump(Embedded(&mut stored), &bytes).unwrap();
        dump(Embedded(&mut stored), "behind").unwrap();
        let mut stream = LoadOptions::new().stream(Embedded(stored.as_slice()));
        assert_eq!(stream.next_value(), Ok(Some(bytes.clone())));
        assert_eq!(stream.next_value(), Ok(Some(Value::from("behind"))));
        assert_eq!(stream.offset(), stored.len());
        // Behind the bytes is more than STOP.
        let pair = dumps(&(&bytes, 1)).unwrap();
        assert_eq!(
            load(Embedded(pair.as_slice())),
            Ok(Value::from((bytes.clone(), 1)))
        );
        // The limits hold.
        let one = DumpOptions::wire().dumps(&bytes).unwrap();
        let loaded = |limits| {
            let options = LoadOptions::wire().with_limits(limits);
            options.load(Embedded(one.as_slice()))
        };
        let limits = Limits::default();
        assert_eq!(loaded(limits.with_bytes(one.len())), Ok(bytes));
        for limits in [limits.with_bytes(one.len() - 1), limits.with_items(0)] {
            let Err(ReadError::Value(error)) = loaded(limits) else {
                panic!("{limits:?} did not hold");
            };
            assert!(error.is_limit());
        }
    }
}

#[test]
fn a_buffer_with_memory_for_all_its_bytes_takes_no_more() {
    const CHUNK: usize = ReadBuffer::CHUNK;
    let given = vec![7; 2 * CHUNK];
    let mut buffer = ReadBuffer::starting_with(b"", given.len()).unwrap();
    let spent = allocation_counter::measure(|| {
        let mut reader = given.as_slice();
        assert_eq!(buffer.fill_to(&mut reader, given.len()), Ok(Filled::Whole));
    });
    assert_eq!(spent.count_total, 0);
    assert_eq!(buffer.bytes(), given);
}

/// A microcontroller that receives numbers need not have a heap that is free for the stack of the decoder.
#[test]
fn a_value_without_parts_is_loaded_without_an_allocation() {
    for bytes in [&b"F\0\0\0\x2aQ"[..], b"RQ", b"LQ", b"N\0\0\0\x03abcQ"] {
        let spent = allocation_counter::measure(|| {
            LoadOptions::wire().loads(bytes).unwrap();
        });
        assert_eq!(spent.count_total, 0, "{bytes:?}");
        // The limits hold all the same.
        let limits = Limits::default();
        for limits in [limits.with_items(0), limits.with_bytes(bytes.len() - 1)] {
            let options = LoadOptions::wire().with_limits(limits);
            assert!(options.loads(bytes).unwrap_err().is_limit(), "{bytes:?}");
        }
    }
}
