//! Values from readers and into writers: not a byte too many, and every kind of end.
#![cfg(feature = "alloc")]

mod ends;
mod memory;
#[path = "../model/mod.rs"]
mod model;
mod timeouts;
mod writers;

use embedded_io::{ErrorKind, ErrorType, Read, SliceWriteError, Write};
use execnet_serializer::{
    DumpOptions, Embedded, EncodeError, Filled, Limits, LoadError, LoadOptions, ReadBuffer,
    ReadError, Value, dump, dump_to_heapless, dump_to_slice, dumps, heapless, load,
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

/// Fails once before each piece of one byte, and gives nothing beyond its bytes.
struct Late<'a> {
    bytes: &'a [u8],
    failed: bool,
    error: ErrorKind,
}

impl ErrorType for Late<'_> {
    type Error = ErrorKind;
}

impl Read for Late<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        self.failed = !self.failed;
        if self.failed {
            return Err(self.error);
        }
        let room = &mut room[..1];
        let Ok(read) = self.bytes.read(room);
        Ok(read)
    }
}

const fn late(bytes: &[u8]) -> Late<'_> {
    Late {
        bytes,
        failed: false,
        error: ErrorKind::TimedOut,
    }
}

proptest! {
    #[test]
    fn a_stream_gives_the_values_that_were_dumped(
        models in proptest::collection::vec(model(), 0..4),
        step in 1_usize..9,
        wire: bool,
    ) {
        let values: Vec<Value> = models.iter().map(model::Model::to_value).collect();
        let mut bytes = Vec::new();
        for value in &values {
            let options = if wire { DumpOptions::wire() } else { DumpOptions::new() };
            options.dump(Embedded(&mut bytes), value).unwrap();
        }
        let options = if wire { LoadOptions::wire() } else { LoadOptions::new() };
        let mut stream = options.stream(Embedded(Steps::new(&bytes, step)));
        let read: Result<Vec<Value>, _> = stream.by_ref().collect();
        prop_assert_eq!(read.unwrap(), values);
        prop_assert_eq!(stream.offset(), bytes.len());
    }

    #[test]
    fn no_byte_after_the_value_is_read(model in model(), behind in any::<Vec<u8>>()) {
        let mut bytes = dumps(&model).unwrap();
        bytes.extend(&behind);
        let mut reader = bytes.as_slice();
        prop_assert_eq!(load(Embedded(&mut reader)).unwrap(), model.to_value());
        prop_assert_eq!(reader, &behind);
    }

    #[test]
    fn an_end_inside_a_value_is_truncation(model in model(), at in any::<prop::sample::Index>()) {
        let bytes = DumpOptions::wire().dumps(&model).unwrap();
        let cut = &bytes[..at.index(bytes.len())];
        let mut stream = LoadOptions::wire().stream(Embedded(cut));
        let next = stream.next();
        if cut.is_empty() {
            prop_assert!(next.is_none());
        } else {
            let error = next.unwrap().unwrap_err();
            let expected = LoadOptions::wire().loads(cut).unwrap_err();
            prop_assert_eq!(error, ReadError::Value(expected));
            prop_assert!(stream.next().is_none());
        }
    }

    #[test]
    fn any_bytes_are_judged_as_from_a_slice(bytes in any::<Vec<u8>>()) {
        let slice = LoadOptions::wire().loads(&bytes);
        let stream = LoadOptions::wire().load(Embedded(bytes.as_slice()));
        prop_assert_eq!(stream, slice.map_err(ReadError::Value));
    }
}

#[test]
fn a_stream_shows_where_it_is() {
    let stored = dumps("text").unwrap();
    let mut stream = LoadOptions::new().stream(Embedded(stored.as_slice()));
    let about = "Stream { options: LoadOptions { strings: StrConfig";
    let shown = format!("{stream:?}");
    assert!(shown.starts_with(about), "{shown}");
    assert!(shown.ends_with("wire: false }, start: 0, arrived: 0, failed: None, .. }"));
    stream.next_value().unwrap();
    let shown = format!("{stream:?}");
    let end = format!("start: {}, arrived: 0, failed: None, .. }}", stored.len());
    assert!(shown.ends_with(&end), "{shown}");
}

#[test]
fn errors_of_readers_have_texts_and_sources() {
    use core::error::Error as _;

    let read: ReadError<LoadError> = LoadOptions::wire()
        .load(Embedded(&b"U"[..]))
        .map_err(|error| ReadError::Io(error.into_value_error()))
        .unwrap_err();
    assert_eq!(read.to_string(), "cannot read or write the encoded value");
    assert_eq!(
        read.source().unwrap().to_string(),
        "byte 0: unknown opcode 0x55"
    );
    let ReadError::Io(error) = read else {
        panic!("{read}");
    };
    let load: ReadError<LoadError> = ReadError::Value(error);
    assert_eq!(load.to_string(), "byte 0: unknown opcode 0x55");
    assert!(load.source().is_none());
}

#[cfg(feature = "serde")]
#[test]
fn typed_values_are_read_one_after_another() {
    use execnet_serializer::{StreamError, from_reader, to_writer};

    let mut bytes = Vec::new();
    to_writer(Embedded(&mut bytes), &(1, "x")).unwrap();
    to_writer(Embedded(&mut bytes), &2).unwrap();
    to_writer(Embedded(&mut bytes), &3).unwrap();
    let first: (u8, String) = from_reader(Embedded(bytes.as_slice())).unwrap();
    assert_eq!(first, (1, "x".to_owned()));
    let mut stream = LoadOptions::new().stream(Embedded(bytes.as_slice()));
    assert_eq!(stream.next_as::<(u8, String)>(), Ok(Some(first)));
    // One that does not fit is passed over.
    assert!(matches!(
        stream.next_as::<String>(),
        Err(StreamError::Value(_))
    ));
    assert_eq!(stream.next_as::<u8>(), Ok(Some(3)));
    assert_eq!(stream.next_as::<u8>(), Ok(None));
    // Damage is an error again and again, a missing end only as long as it is missing.
    let mut stream = LoadOptions::new().stream(Embedded(&b"\x02U"[..]));
    for _ in 0..2 {
        let Err(StreamError::Value(error)) = stream.next_as::<u8>() else {
            panic!("an unknown opcode was read");
        };
        assert_eq!(error.to_string(), "byte 1: unknown opcode 0x55");
    }
    let mut stream = LoadOptions::new().stream(Embedded(late(&bytes)));
    let mut read = Vec::new();
    while read.len() < 3 {
        read.extend(stream.next_as::<Value>().ok().flatten());
    }
    assert_eq!(
        read,
        [Value::from((1, "x")), Value::from(2), Value::from(3)]
    );
}
