//! What the opcodes of Python 2 look like, and what writing fails with.

use core::error::Error as _;
use core::fmt::Write as _;

use embedded_io::SliceWriteError;

use execnet_serializer::{
    DumpError, EncodeError, Encoder, Limits, LoadOptions, NodeKind, StrConfig, Token, Tokens,
};

type Result = core::result::Result<(), EncodeError<SliceWriteError>>;

/// What Python 2 has and Python 3 has not, for programs that store for it.
#[test]
fn opcodes_of_python_2_are_written_as_it_writes_them() {
    let mut buffer = [0; 128];
    let mut encoder = Encoder::new(&mut buffer[..]);
    encoder.py2_long(-2).unwrap();
    encoder.py2_long_long("12345678901").unwrap();
    encoder.py2_str(b"a\xe9").unwrap();
    encoder.py2_unicode("\u{20ac}").unwrap();
    encoder.tuple(4).unwrap();
    encoder.stop().unwrap();
    let left = encoder.into_inner().len();
    let bytes = &buffer[..128 - left];
    let expected = b"G\xff\xff\xff\xfeI\0\0\0\x0b12345678901M\0\0\0\x02a\xe9\
        S\0\0\0\x03\xe2\x82\xac@\0\0\0\x04Q";
    assert_eq!(bytes, expected);
    let expected = [
        Token::Long(-2),
        Token::LongLong(b"12345678901"),
        Token::Py2String(b"a\xe9"),
        Token::Unicode("\u{20ac}".as_bytes()),
        Token::BuildTuple(4),
        Token::Stop,
    ];
    assert!(Tokens::new(bytes).eq(expected.map(Ok)));
    let document = LoadOptions::wire().document::<8>(bytes).unwrap();
    let mut items = document.root().items();
    assert_eq!(items.next().unwrap().as_i64(), Some(-2));
    assert_eq!(items.next().unwrap().as_i64(), Some(12_345_678_901));
    let latin_1 = items.next().unwrap().kind();
    assert!(matches!(latin_1, NodeKind::Latin1(b"a\xe9")));
    assert_eq!(items.next().unwrap().as_str(), Some("\u{20ac}"));
    let stored = LoadOptions::wire().with_strings(StrConfig::STORED);
    let document = stored.document::<8>(bytes).unwrap();
    let text = document.root().items().nth(2).unwrap();
    assert_eq!(text.as_bytes(), Some(&b"a\xe9"[..]));
}

#[test]
fn announced_bytes_come_from_the_caller() {
    let mut buffer = [0; 16];
    let mut encoder = Encoder::new(&mut buffer[..]);
    encoder.begin_bytes(3).unwrap();
    let left = encoder.into_inner().len();
    assert_eq!(buffer[..16 - left], *b"A\0\0\0\x03");
    let mut encoder = Encoder::new(&mut buffer[..]);
    assert!(dump_error(encoder.begin_bytes(1 << 31)).is_too_long());
}

#[test]
fn a_sink_that_is_full_is_an_error() {
    for room in 0..7 {
        let mut buffer = [0; 8];
        let mut encoder = Encoder::new(&mut buffer[..room]);
        let written = encoder.str("ab");
        assert!(matches!(written, Err(EncodeError::Io(_))), "{room}");
    }
}

fn dump_error(written: Result) -> DumpError {
    match written {
        Err(EncodeError::Value(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Containers inside one another, down to the innermost.
fn nested(encoder: &mut Encoder<&mut [u8]>, levels: u16) -> Result {
    match levels {
        0 => Ok(()),
        _ => encoder.nested(|encoder| nested(encoder, levels - 1)),
    }
}

fn says(value: &impl core::fmt::Display, text: &str) -> bool {
    let mut printed = heapless::String::<128>::new();
    write!(printed, "{value}").is_ok() && printed == text
}

#[test]
fn errors_of_writing_have_texts_and_sources() {
    let mut buffer = [0; 8];
    let mut encoder = Encoder::new(&mut buffer[..]);
    let too_long = dump_error(encoder.list(1 << 31));
    assert!(too_long.is_too_long() && !too_long.is_depth());
    assert!(says(
        &too_long,
        "NEWLIST of length 2147483648 exceeds the limit of the format, 2147483647: send it in parts"
    ));
    assert!(nested(&mut encoder, Limits::MAX_DEPTH).is_ok());
    let deep = dump_error(nested(&mut encoder, Limits::MAX_DEPTH + 1));
    assert!(deep.is_depth() && !deep.is_too_long() && !deep.is_unhashable());
    assert!(says(&deep, "nesting exceeds the limit of 512 containers"));
    let error = EncodeError::<SliceWriteError>::Value(deep);
    assert!(says(&error, "nesting exceeds the limit of 512 containers"));
    assert!(error.source().is_none());
    let error = encoder.str("too long").unwrap_err();
    assert!(says(&error, "cannot read or write the encoded value"));
    assert!(error.source().is_some_and(|source| says(&source, "Full")));
}
