//! Ends of a reader: between values, inside one, and after an error.

use super::*;

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

#[test]
fn bytes_that_are_no_dump_are_refused_without_reading_on() {
    let mut reader = &b"root:x:0:0:root:/root:/bin/sh"[..];
    let Err(ReadError::Value(error)) = load(Embedded(&mut reader)) else {
        panic!("a value was read");
    };
    assert!(error.is_version());
    assert_eq!(reader.len(), 28);
}
