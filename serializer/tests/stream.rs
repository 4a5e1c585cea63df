//! Values from readers: not a byte too many, and every kind of end.
#![cfg(feature = "alloc")]

mod model;

use embedded_io::{ErrorKind, ErrorType, Read};
use execnet_serializer::{
    Limits, LoadOptions, ReadError, Value, dump, dump_internal, dumps, dumps_internal, load,
    load_internal,
};
use model::model;
use proptest::prelude::*;

/// Gives at most `step` bytes a read, and fails at its end if told to.
struct Steps<'a> {
    bytes: &'a [u8],
    step: usize,
    interrupt: bool,
    fails: bool,
}

impl<'a> Steps<'a> {
    fn new(bytes: &'a [u8], step: usize) -> Self {
        Self {
            bytes,
            step,
            interrupt: false,
            fails: false,
        }
    }
}

impl ErrorType for Steps<'_> {
    type Error = ErrorKind;
}

impl Read for Steps<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(ErrorKind::Interrupted);
        }
        if self.bytes.is_empty() && self.fails {
            return Err(ErrorKind::ConnectionReset);
        }
        let len = self.bytes.len().min(self.step).min(buffer.len());
        let (now, later) = self.bytes.split_at(len);
        buffer[..len].copy_from_slice(now);
        self.bytes = later;
        Ok(len)
    }
}

proptest! {
    #[test]
    fn a_stream_gives_the_values_that_were_dumped(
        models in proptest::collection::vec(model(), 0..4),
        step in 1_usize..9,
        versioned: bool,
    ) {
        let values: Vec<Value> = models.iter().map(model::Model::to_value).collect();
        let mut bytes = Vec::new();
        for value in &values {
            match versioned {
                true => dump(&mut bytes, value).unwrap(),
                false => dump_internal(&mut bytes, value).unwrap(),
            }
        }
        let options = LoadOptions::new();
        let mut stream = match versioned {
            true => options.stream(Steps::new(&bytes, step)),
            false => options.stream_internal(Steps::new(&bytes, step)),
        };
        let read: Result<Vec<Value>, _> = stream.by_ref().collect();
        prop_assert_eq!(read.unwrap(), values);
        prop_assert_eq!(stream.offset(), bytes.len());
    }

    #[test]
    fn not_a_byte_beyond_the_value_is_read(model in model(), behind in any::<Vec<u8>>()) {
        let mut bytes = dumps(&model).unwrap();
        bytes.extend(&behind);
        let mut reader = bytes.as_slice();
        prop_assert_eq!(load(&mut reader).unwrap(), model.to_value());
        prop_assert_eq!(reader, &behind);
    }

    #[test]
    fn an_end_inside_a_value_is_truncation(model in model(), at in any::<prop::sample::Index>()) {
        let bytes = dumps_internal(&model).unwrap();
        let cut = &bytes[..at.index(bytes.len())];
        let mut stream = LoadOptions::new().stream_internal(cut);
        let next = stream.next();
        if cut.is_empty() {
            prop_assert!(next.is_none());
        } else {
            let error = next.unwrap().unwrap_err();
            let expected = LoadOptions::new().loads_internal(cut).unwrap_err();
            prop_assert_eq!(error, ReadError::Load(expected));
            prop_assert!(stream.next().is_none());
        }
    }

    #[test]
    fn any_bytes_are_judged_as_from_a_slice(bytes in any::<Vec<u8>>()) {
        let slice = LoadOptions::new().loads_internal(&bytes);
        let stream = LoadOptions::new().load_internal(bytes.as_slice());
        prop_assert_eq!(stream, slice.map_err(ReadError::Load));
    }
}

#[test]
fn an_error_in_a_later_value_counts_from_the_start() {
    let mut bytes = dumps(&"one").unwrap();
    let start = bytes.len();
    bytes.extend(b"\x02U");
    let mut stream = LoadOptions::new().stream(bytes.as_slice());
    assert_eq!(stream.next(), Some(Ok(Value::from("one"))));
    let Some(Err(ReadError::Load(error))) = stream.next() else {
        panic!("an unknown opcode was read");
    };
    assert_eq!(error.offset(), start + 1);
}

#[test]
fn a_failing_reader_gives_its_own_error() {
    let mut reader = Steps::new(b"F\0\0", 8);
    reader.fails = true;
    let error = load_internal(reader).unwrap_err();
    assert_eq!(error, ReadError::Read(ErrorKind::ConnectionReset));
}

#[test]
fn an_empty_reader_has_no_value_but_a_clean_end() {
    let Err(ReadError::Load(error)) = load(&b""[..]) else {
        panic!("a value was read from nothing");
    };
    assert!(error.is_truncated());
    assert!(LoadOptions::new().stream(&b""[..]).next().is_none());
}

/// An announced gigabyte costs as little as the bytes that came.
#[test]
fn an_announced_length_is_not_trusted() {
    let Err(ReadError::Load(error)) = load_internal(&b"A\x3f\xff\xff\xffabc"[..]) else {
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
    let options = LoadOptions::new().limits(Limits::default().with_bytes(1000));
    let mut endless = Endless(0);
    let Err(ReadError::Load(error)) = options.load_internal(&mut endless) else {
        panic!("a value was read from endless dicts");
    };
    assert!(error.is_limit());
    assert!(endless.0 <= 1002, "{} bytes were read", endless.0);
    // At the limit itself there is a value.
    let bytes = dumps_internal(&vec![0_u8; 3]).unwrap();
    let exact = |limit| LoadOptions::new().limits(Limits::default().with_bytes(limit));
    assert!(exact(bytes.len()).load_internal(bytes.as_slice()).is_ok());
    assert!(
        exact(bytes.len() - 1)
            .load_internal(bytes.as_slice())
            .is_err()
    );
    let stored = dumps(&vec![0_u8; 3]).unwrap();
    assert!(exact(bytes.len()).load(stored.as_slice()).is_ok());
}

#[cfg(feature = "serde")]
#[test]
fn typed_values_are_read_one_after_another() {
    use execnet_serializer::{from_reader, serde::StreamError, to_writer};

    let mut bytes = Vec::new();
    to_writer(&mut bytes, &(1, "x")).unwrap();
    to_writer(&mut bytes, &2).unwrap();
    to_writer(&mut bytes, &3).unwrap();
    let first: (u8, String) = from_reader(bytes.as_slice()).unwrap();
    assert_eq!(first, (1, "x".to_owned()));
    let mut stream = LoadOptions::new().stream(bytes.as_slice());
    assert_eq!(stream.next_as::<(u8, String)>(), Ok(Some(first)));
    // One that does not fit is passed over.
    assert!(matches!(
        stream.next_as::<String>(),
        Err(StreamError::Value(_))
    ));
    assert_eq!(stream.next_as::<u8>(), Ok(Some(3)));
    assert_eq!(stream.next_as::<u8>(), Ok(None));
}
