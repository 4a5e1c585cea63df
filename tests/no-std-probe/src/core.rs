//! Links while `execnet-serializer` without features needs neither std nor a heap, then uses it.
//! The exit status is 0, or the number of the step that failed.
#![no_std]
#![no_main]

mod bare;

use embedded_io::SliceWriteError;
use execnet_serializer::{ChannelId, EncodeError, Encoder, LoadOptions, NodeKind, Token, Tokens};

/// The C runtime's entry, as there is no other without std.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    work().err().unwrap_or(0)
}

/// Writes `{"n": (-1, 2.5, <channel 7>)}` into an array, and reads it back in both ways.
fn work() -> Result<(), i32> {
    let mut storage = [0_u8; 64];
    let free = encode(&mut storage).map_err(|_| 1)?;
    let used = storage.len() - free;
    let bytes = storage.get(..used).ok_or(2)?;
    tokens(bytes)?;
    document(bytes)?;
    // A cut item is an error, not a panic.
    let cut = bytes.get(..used / 2).ok_or(3)?;
    if Tokens::new(cut).all(|token| token.is_ok()) {
        return Err(4);
    }
    match LoadOptions::wire().document::<8>(cut) {
        Err(error) if error.is_truncated() => Ok(()),
        _ => Err(5),
    }
}

fn tokens(bytes: &[u8]) -> Result<(), i32> {
    let expected = [
        Token::NewDict,
        Token::Py3String(b"n"),
        Token::Int(-1),
        Token::Float(2.5),
        Token::Channel(ChannelId(7)),
        Token::BuildTuple(3),
        Token::SetItem,
        Token::Stop,
    ];
    let mut tokens = Tokens::new(bytes);
    for wanted in expected {
        if tokens.next().ok_or(6)?.map_err(|_| 7)? != wanted {
            return Err(8);
        }
    }
    tokens.next().map_or(Ok(()), |_| Err(9))
}

fn document(bytes: &[u8]) -> Result<(), i32> {
    let document = LoadOptions::wire().document::<8>(bytes).map_err(|_| 10)?;
    let NodeKind::Dict(mut pairs) = document.root().kind() else {
        return Err(11);
    };
    let (key, value) = pairs.next().ok_or(12)?;
    let second = value.items().nth(1).ok_or(13)?;
    if key.as_str() != Some("n") || second.as_f64() != Some(2.5) {
        return Err(14);
    }
    Ok(())
}

/// The buffer's unused length after the value was written into it.
fn encode(buffer: &mut [u8]) -> Result<usize, EncodeError<SliceWriteError>> {
    let mut encoder = Encoder::new(buffer);
    encoder.dict()?;
    encoder.str("n")?;
    encoder.int(-1)?;
    encoder.float(2.5)?;
    encoder.channel(ChannelId(7))?;
    encoder.tuple(3)?;
    encoder.set_item()?;
    encoder.stop()?;
    Ok(encoder.into_inner().len())
}
