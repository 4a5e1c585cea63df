//! The codec alone, for its size: writes a value of every opcode into memory of the program, and reads all opcodes back, as
//! tokens and as a document.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use execnet_firmware as _;
use execnet_serializer::{ChannelId, Complex, Encoder, LoadOptions, NodeKind, Tokens};

/// The opcodes that only Python 2 writes, which have no method of the encoder: as bytes.
const PYTHON_2: &[u8] = b"@\0\0\0\0M\0\0\0\x01aS\0\0\0\x01aG\0\0\0\x01I\0\0\0\x011Q";

#[entry]
fn main() -> ! {
    let mut buffer = [0; 256];
    let written = write(black_box(&mut buffer)).unwrap_or(0);
    let bytes = buffer.get(..written).unwrap_or_default();
    black_box(read(black_box(bytes)));
    black_box(read(black_box(PYTHON_2)));
    loop {
        cortex_m::asm::wfi();
    }
}

fn write(buffer: &mut [u8]) -> Option<usize> {
    let capacity = buffer.len();
    let mut encoder = Encoder::new(buffer);
    let mut all = || {
        encoder.list(black_box(2))?;
        encoder.int(0)?;
        encoder.dict()?;
        encoder.str(black_box("text"))?;
        encoder.bytes(black_box(b"bytes"))?;
        encoder.set_item()?;
        encoder.set_item()?;
        encoder.int(1)?;
        encoder.none()?;
        encoder.bool(black_box(true))?;
        encoder.bool(false)?;
        encoder.int(black_box(-1))?;
        encoder.int(black_box(i64::MAX))?;
        encoder.float(black_box(2.5))?;
        encoder.complex(black_box(Complex { re: 1.0, im: -1.0 }))?;
        encoder.channel(ChannelId(black_box(7)))?;
        encoder.set(1)?;
        encoder.frozenset(1)?;
        encoder.tuple(black_box(7))?;
        encoder.set_item()?;
        encoder.stop()
    };
    all().ok()?;
    Some(capacity - encoder.into_inner().len())
}

fn read(bytes: &[u8]) -> Option<usize> {
    let tokens = Tokens::new(bytes).filter(Result::is_ok).count();
    let document = LoadOptions::wire().document::<64>(bytes).ok()?;
    let mut sum = tokens;
    for node in document.root().items() {
        sum += match node.kind() {
            NodeKind::Dict(pairs) => pairs.len(),
            _ => node.as_i64().map_or(1, |number| number as usize),
        };
        sum += node.as_str().map_or(0, str::len);
    }
    Some(sum)
}
