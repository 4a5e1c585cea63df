//! Opcodes as tokens, one by one.

use execnet_serializer::{ChannelId, Complex, Opcode, Token, Tokens};

/// One of each opcode, with its token.
const ALL: [(&[u8], Token<'_>); 22] = [
    (b"L", Token::None),
    (b"R", Token::Bool(true)),
    (b"C", Token::Bool(false)),
    (b"F\xff\xff\xff\xff", Token::Int(-1)),
    (b"G\0\0\0\x05", Token::Long(5)),
    (b"H\0\0\0\x0212", Token::LongInt(b"12")),
    (b"I\0\0\0\x02-3", Token::LongLong(b"-3")),
    (b"D\x3f\xf0\0\0\0\0\0\0", Token::Float(1.0)),
    (
        b"T\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0",
        Token::Complex(Complex { re: 1.0, im: -2.0 }),
    ),
    (b"A\0\0\0\x01\xff", Token::Bytes(b"\xff")),
    (b"M\0\0\0\x01\xfe", Token::Py2String(b"\xfe")),
    (b"N\0\0\0\x01a", Token::Py3String(b"a")),
    (b"S\0\0\0\x01b", Token::Unicode(b"b")),
    (b"B\0\0\0\x07", Token::Channel(ChannelId(7))),
    (b"K\0\0\0\x01", Token::NewList(1)),
    (b"J", Token::NewDict),
    (b"P", Token::SetItem),
    (b"@\0\0\0\x02", Token::BuildTuple(2)),
    (b"O\0\0\0\x03", Token::Set(3)),
    (b"E\0\0\0\x04", Token::FrozenSet(4)),
    (b"L", Token::None),
    (b"Q", Token::Stop),
];

#[test]
fn every_opcode_is_a_token_with_its_operand() {
    let mut input = heapless::Vec::<u8, 256>::new();
    for (bytes, _) in ALL {
        input.extend_from_slice(bytes).unwrap();
    }
    input.extend_from_slice(b"LQ").unwrap();
    let mut tokens = Tokens::new(&input);
    let mut offset = 0;
    for (bytes, token) in ALL {
        assert_eq!(tokens.offset(), offset);
        assert_eq!(tokens.next(), Some(Ok(token)));
        assert_eq!(Opcode::from_byte(bytes[0]), Some(token.opcode()));
        offset += bytes.len();
    }
    assert_eq!(tokens.next(), None);
    assert_eq!(tokens.rest(), b"LQ");
}

#[test]
fn every_operand_that_is_cut_or_negative_is_an_error_at_its_place() {
    for (bytes, token) in ALL {
        for end in 0..bytes.len() {
            let mut tokens = Tokens::new(&bytes[..end]);
            let error = tokens.next().unwrap().unwrap_err();
            assert!(error.is_truncated(), "{token:?}: {error}");
            assert_eq!((tokens.next(), tokens.offset()), (None, 0));
        }
        let counts = b"HIAMNSK@OE".contains(&bytes[0]);
        if counts {
            let negative = [bytes[0], 0xff, 0xff, 0xff, 0xff];
            let error = Tokens::new(&negative).next().unwrap().unwrap_err();
            assert!(error.is_malformed() && error.offset() == 1, "{error}");
        }
    }
}

#[test]
fn every_opcode_is_found_under_its_own_byte_and_no_other_byte_is_one() {
    for byte in 0..=u8::MAX {
        match Opcode::from_byte(byte) {
            Some(opcode) => assert_eq!(opcode.byte(), byte),
            None => assert!(!(b'@'..=b'T').contains(&byte)),
        }
    }
}
