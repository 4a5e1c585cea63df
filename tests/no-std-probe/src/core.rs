//! Links while `execnet-serializer` without features needs neither std nor a heap, then uses it.
//! The exit status is 0, or the number of the step that failed.
#![no_std]
#![no_main]

mod bare;

use embedded_io::SliceWriteError;
use execnet_serializer::{ChannelId, EncodeError, Encoder, Token, Tokens};

/// The C runtime's entry, as there is no other without std.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    work().err().unwrap_or(0)
}

/// Writes `{"n": (-1, 2.5, <channel 7>)}` into an array and reads it back as tokens.
fn work() -> Result<(), i32> {
    let mut storage = [0_u8; 64];
    let free = encode(&mut storage).map_err(|_| 1)?;
    let used = storage.len() - free;
    let bytes = storage.get(..used).ok_or(2)?;

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
        if tokens.next().ok_or(3)?.map_err(|_| 4)? != wanted {
            return Err(5);
        }
    }
    if tokens.next().is_some() {
        return Err(6);
    }

    // A cut item is an error, not a panic.
    let cut = bytes.get(..used / 2).ok_or(7)?;
    if Tokens::new(cut).all(|token| token.is_ok()) {
        return Err(8);
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
