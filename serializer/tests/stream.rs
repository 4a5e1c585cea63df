//! Values from readers: not a byte too many, and every kind of end.
#![cfg(feature = "alloc")]

mod model;

use embedded_io::{ErrorKind, ErrorType, Read, SliceWriteError, Write};
use execnet_serializer::{
    DumpOptions, Embedded, EncodeError, Limits, LoadError, LoadOptions, ReadBuffer, ReadError,
    Value, dump, dump_to_heapless, dump_to_slice, dumps, heapless, load,
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
fn an_error_in_a_later_value_counts_from_the_start() {
    let mut bytes = dumps(&"one").unwrap();
    let start = bytes.len();
    bytes.extend(b"\x02U");
    let mut stream = LoadOptions::new().stream(Embedded(bytes.as_slice()));
    assert_eq!(stream.next(), Some(Ok(Value::from("one"))));
    let Some(Err(ReadError::Value(error))) = stream.next() else {
        panic!("an unknown opcode was read");
    };
    assert_eq!(error.offset(), start + 1);
}

#[test]
fn a_failing_reader_gives_its_own_error() {
    let mut reader = Steps::new(b"F\0\0", 8);
    reader.fails = true;
    let error = LoadOptions::wire().load(Embedded(reader)).unwrap_err();
    assert_eq!(error, ReadError::Io(ErrorKind::ConnectionReset));
}

#[test]
fn an_empty_reader_has_no_value_but_a_clean_end() {
    let Err(ReadError::Value(error)) = load(Embedded(&b""[..])) else {
        panic!("a value was read from nothing");
    };
    assert!(error.is_truncated());
    assert!(
        LoadOptions::new()
            .stream(Embedded(&b""[..]))
            .next()
            .is_none()
    );
}

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
    fn a_reader_that_fails_between_any_two_bytes_loses_no_value(
        models in proptest::collection::vec(model(), 0..3),
        wire: bool,
    ) {
        let values: Vec<Value> = models.iter().map(model::Model::to_value).collect();
        let mut bytes = Vec::new();
        for value in &values {
            let options = if wire { DumpOptions::wire() } else { DumpOptions::new() };
            options.dump(Embedded(&mut bytes), value).unwrap();
        }
        let options = if wire { LoadOptions::wire() } else { LoadOptions::new() };
        let mut stream = options.stream(Embedded(late(&bytes)));
        let mut read = Vec::new();
        let mut failures = 0;
        loop {
            match stream.next_value() {
                Ok(Some(value)) => read.push(value),
                Ok(None) => break,
                Err(error) => {
                    prop_assert_eq!(error, ReadError::Io(ErrorKind::TimedOut));
                    failures += 1;
                }
            }
        }
        prop_assert_eq!(read, values);
        // One for each byte, and for the end.
        prop_assert_eq!(failures, bytes.len() + 1);
    }
}

#[test]
fn after_a_timeout_a_stream_continues_where_it_was() {
    let bytes = [dumps(&(1, "x")).unwrap(), dumps("y").unwrap()].concat();
    let mut stream = LoadOptions::new().stream(Embedded(late(&bytes)));
    let timeouts = |stream: &mut dyn Iterator<Item = Result<Value, ReadError<ErrorKind>>>| {
        let mut count = 0;
        loop {
            match stream.next() {
                Some(Err(ReadError::Io(ErrorKind::TimedOut))) => count += 1,
                other => return (count, other),
            }
        }
    };
    assert_eq!(timeouts(&mut stream), (18, Some(Ok(Value::from((1, "x"))))));
    assert_eq!(timeouts(&mut stream), (8, Some(Ok(Value::from("y")))));
    assert_eq!(timeouts(&mut stream), (1, None));
}

#[test]
fn an_error_in_the_bytes_never_reads_as_the_end() {
    let mut stream = LoadOptions::new().stream(Embedded(&b"\x02U\x02LQ"[..]));
    let error = stream.next_value().unwrap_err();
    assert_eq!(error.to_string(), "byte 1: unknown opcode 0x55");
    for _ in 0..3 {
        assert_eq!(stream.next_value().as_ref(), Err(&error));
    }
    assert_eq!(stream.offset(), 2);
    // The iterator says it once: a loop over it must end.
    let mut stream = LoadOptions::new().stream(Embedded(&b"\x02U\x02LQ"[..]));
    assert_eq!(stream.next(), Some(Err(error.clone())));
    assert_eq!(stream.next(), None);
    assert_eq!(stream.next_value(), Err(error));
}

#[test]
fn a_value_that_is_cut_off_is_continued_if_the_reader_has_more_later() {
    /// Ends once after each piece, as a file does that is still written.
    struct Growing(Vec<&'static [u8]>);
    impl ErrorType for Growing {
        type Error = ErrorKind;
    }
    impl Read for Growing {
        fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
            let Some(piece) = self.0.first_mut() else {
                return Ok(0);
            };
            let Ok(read) = piece.read(room);
            if read == 0 {
                self.0.remove(0);
            }
            Ok(read)
        }
    }
    let growing = Growing(vec![b"\x02N\0\0\0\x02a", b"bQ", b"\x02LQ"]);
    let mut stream = LoadOptions::new().stream(Embedded(growing));
    let Err(ReadError::Value(error)) = stream.next_value() else {
        panic!("half a value was read");
    };
    assert!(error.is_truncated());
    assert_eq!(stream.next_value(), Ok(Some(Value::from("ab"))));
    assert_eq!(stream.next_value(), Ok(None));
    assert_eq!(stream.next_value(), Ok(Some(Value::None)));
    assert_eq!(stream.next_value(), Ok(None));
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
fn bytes_that_are_no_dump_are_refused_without_reading_on() {
    let mut reader = &b"root:x:0:0:root:/root:/bin/sh"[..];
    let Err(ReadError::Value(error)) = load(Embedded(&mut reader)) else {
        panic!("a value was read");
    };
    assert!(error.is_version());
    assert_eq!(reader.len(), 28);
}

/// Takes one byte a write, and is interrupted before each.
struct Interrupted(Vec<u8>, bool);

impl ErrorType for Interrupted {
    type Error = ErrorKind;
}

impl Write for Interrupted {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.1 = !self.1;
        if self.1 {
            return Err(ErrorKind::Interrupted);
        }
        self.0.extend(bytes.first());
        Ok(1)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_writer_that_is_interrupted_gets_the_whole_value(model in model()) {
        let mut sink = Interrupted(Vec::new(), false);
        dump(Embedded(&mut sink), &model).unwrap();
        prop_assert_eq!(sink.0, dumps(&model).unwrap());
    }
}

#[test]
fn values_fit_memory_of_a_fixed_size_or_are_refused() {
    let whole = dumps(&(1, "x")).unwrap();
    let mut buffer = [0; 64];
    for room in 0..whole.len() {
        let error = dump_to_slice(&(1, "x"), &mut buffer[..room]).unwrap_err();
        assert_eq!(error, EncodeError::Io(SliceWriteError::Full));
    }
    assert_eq!(
        dump_to_slice(&(1, "x"), &mut buffer),
        Ok(&mut whole.clone()[..])
    );
    assert_eq!(dump_to_heapless::<64>(&(1, "x")).unwrap(), whole[..]);
    assert!(matches!(
        dump_to_heapless::<8>(&(1, "x")),
        Err(EncodeError::Io(_))
    ));
    let mut sink = heapless::Vec::<u8, 64>::new();
    DumpOptions::wire()
        .dump(Embedded(&mut sink), &(1, "x"))
        .unwrap();
    assert_eq!(sink, &whole[1..]);
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
fn a_buffer_with_memory_for_all_its_bytes_takes_no_more() {
    const CHUNK: usize = ReadBuffer::CHUNK;
    let given = vec![7; 2 * CHUNK];
    let mut buffer = ReadBuffer::starting_with(b"", given.len());
    let spent = allocation_counter::measure(|| {
        let mut reader = given.as_slice();
        assert_eq!(buffer.fill_to(&mut reader, given.len()), Ok(true));
    });
    assert_eq!(spent.count_total, 0);
    assert_eq!(buffer.bytes(), given);
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

#[cfg(feature = "std")]
#[test]
fn readers_and_writers_of_std_need_no_wrapper() {
    use std::fs::File;
    use std::io::{BufReader, BufWriter, Write as _};

    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(File::create(file.path()).unwrap());
    dump(&mut writer, "one").unwrap();
    dump(&mut writer, &2).unwrap();
    writer.flush().unwrap();
    assert_eq!(
        load(File::open(file.path()).unwrap()).unwrap(),
        Value::from("one")
    );
    let reader = BufReader::new(File::open(file.path()).unwrap());
    let values: Result<Vec<Value>, _> = LoadOptions::new().stream(reader).collect();
    assert_eq!(values.unwrap(), [Value::from("one"), Value::from(2)]);
    let mut bytes = Vec::new();
    dump(&mut bytes, "one").unwrap();
    assert_eq!(load(bytes.as_slice()).unwrap(), Value::from("one"));
    let boxed: Box<dyn std::io::Read> = Box::new(std::io::Cursor::new(bytes));
    assert_eq!(load(boxed).unwrap(), Value::from("one"));
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
