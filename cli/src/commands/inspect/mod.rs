//! `execnet inspect`: lists the opcodes of a file with their offsets, indented by nesting depth.

mod nesting;
mod operand;

use std::io::{self, BufWriter, Write};

use execnet::serializer::{LoadError, LoadOptions, Opcode, Token, Tokens};

use crate::args::Inspect;
use crate::failure::Failure;
use crate::input;

pub(crate) fn run(args: &Inspect) -> Result<(), Failure> {
    let bytes = input::bytes(args.file.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let inspected = values(&bytes, &mut out);
    // The valid part comes before the error message.
    out.flush().map_err(Failure::Output)?;
    inspected
}

/// Prints all values, up to the first that is malformed.
fn values(bytes: &[u8], out: &mut impl Write) -> Result<(), Failure> {
    let mut start = 0;
    loop {
        let value = bytes.get(start..).unwrap_or_default();
        let version = version(value, start, out)?;
        // Tokens alone do not show whether their operands are on the stack. The verdict comes from the decoder of
        // `loads`, the listing from the tokens before the error.
        let validated = validate(value, version);
        // After an unknown version the bytes have no known meaning.
        let known = !validated.as_ref().is_err_and(LoadError::is_version);
        let body = start + version;
        let len = match known {
            true => tokens(bytes.get(body..).unwrap_or_default(), body, out)?,
            false => 0,
        };
        validated.map_err(|error| malformed(&error, start))?;
        start = body + len;
        if start >= bytes.len() {
            return Ok(());
        }
    }
}

/// Prints the version byte if there is one, which is smaller than any opcode. Returns its length.
fn version(value: &[u8], offset: usize, out: &mut impl Write) -> Result<usize, Failure> {
    match value.first() {
        Some(&byte) if byte < Opcode::BuildTuple.byte() => {
            writeln!(out, "{offset:>8}  VERSION {byte}").map_err(Failure::Output)?;
            Ok(1)
        }
        _ => Ok(0),
    }
}

/// Prints the valid tokens of a value that starts at `base`. Returns their length in bytes.
fn tokens(body: &[u8], base: usize, out: &mut impl Write) -> Result<usize, Failure> {
    let mut reader = Tokens::new(body);
    let mut read: Vec<(usize, Token<'_>)> = Vec::new();
    let mut offset = 0;
    while let Some(Ok(token)) = reader.next() {
        read.push((offset, token));
        offset = reader.offset();
    }
    let depths = nesting::depths(read.iter().map(|(_, token)| token));
    for ((offset, token), depth) in read.iter().zip(depths) {
        let indent = 2 * depth.min(nesting::MAX_INDENT);
        let name = token.opcode().name();
        let operand = operand::text(token);
        writeln!(out, "{:>8}  {:indent$}{name}{operand}", base + offset, "")
            .map_err(Failure::Output)?;
    }
    Ok(offset)
}

/// Checks that the tokens are a value, as `execnet loads` does. `version` is the length of the version byte, which may be
/// missing here because it is in frames.
fn validate(value: &[u8], version: usize) -> Result<(), LoadError> {
    let options = match version {
        0 => LoadOptions::wire(),
        _ => LoadOptions::new(),
    };
    options.loads(value).map(drop)
}

fn malformed(error: &LoadError, base: usize) -> Failure {
    let at = base + error.offset();
    let text = error.to_string();
    // The error has the offset in its value, the listing those in the file.
    let message = text.split_once(": ").map_or(&*text, |(_, message)| message);
    Failure::Data(format!("byte {at}: {message}").into())
}
