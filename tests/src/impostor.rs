//! Programs that answer instead of a worker during the handshake, each with another mistake.

use core::str::FromStr;
use std::io::{self, Read, Write};

/// What the program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// A line, and the end.
    Hello,
    /// Lines without end.
    Babble,
    /// Nothing.
    Nothing,
    /// An answer whose length is 4 GiB.
    WrongLength,
    /// An answer that is no process id.
    WrongValue,
    /// Half of an answer, and the end.
    Half,
}

/// All of them, with the names that [`FromStr`] accepts.
pub const ALL: [(&str, Says); 6] = [
    ("hello", Says::Hello),
    ("babble", Says::Babble),
    ("nothing", Says::Nothing),
    ("wrong-length", Says::WrongLength),
    ("wrong-value", Says::WrongValue),
    ("half", Says::Half),
];

impl FromStr for Says {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(name, _)| *name == text);
        found
            .map(|(_, says)| *says)
            .ok_or_else(|| format!("{text:?}"))
    }
}

/// Stands in front of the nonce in a worker's settings: a key, and the head of bytes.
const NONCE_FOLLOWS: &[u8] = b"nonceA\0\0\0\x10";

const NONCE: usize = 16;

/// Writes until the other side closes, and returns at the end of `input`.
///
/// # Errors
///
/// The other side has closed the connection during a write.
pub fn speak(says: Says, mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    match says {
        Says::Hello => output.write_all(b"hello from the impostor\n")?,
        Says::Babble => loop {
            output.write_all(b"and another thing\n")?;
        },
        Says::Nothing => {}
        Says::WrongLength | Says::WrongValue | Says::Half => {
            let nonce = read_nonce(&mut input)?;
            output.write_all(&[b"EXECNET-", &nonce[..], b"-", answer(says)].concat())?;
        }
    }
    output.flush()?;
    if matches!(says, Says::Nothing | Says::WrongLength | Says::WrongValue) {
        io::copy(&mut input, &mut io::sink())?;
    }
    Ok(())
}

/// What follows the mark: a length and a value.
fn answer(says: Says) -> &'static [u8] {
    match says {
        Says::WrongLength => b"\xff\xff\xff\xff",
        Says::WrongValue => b"\0\0\0\x02LQ",
        _ => b"\0\0",
    }
}

fn read_nonce(input: &mut impl Read) -> io::Result<[u8; NONCE]> {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let size = input.read(&mut piece)?;
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        seen.extend_from_slice(&piece[..size]);
        let found = seen
            .windows(NONCE_FOLLOWS.len())
            .position(|window| window == NONCE_FOLLOWS);
        let after = found.and_then(|at| seen.get(at + NONCE_FOLLOWS.len()..));
        if let Some((nonce, _)) = after.and_then(|after| after.split_first_chunk()) {
            return Ok(*nonce);
        }
    }
}
