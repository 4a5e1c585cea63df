//! `execnet inspect`: lists the opcodes of a file with their offsets, indented by nesting depth.

mod nesting;
mod operand;

use std::io::{self, BufWriter, Write};

use execnet::serializer::{LoadError, LoadOptions, Opcode, Token, Tokens};
use serde_json::json;

use crate::args::Inspect;
use crate::escape::escaped_json;
use crate::failure::Failure;
use crate::input;

pub(crate) fn run(args: &Inspect) -> Result<(), Failure> {
    let file = args.file.as_deref();
    let bytes = input::bytes(file, input::MAX_DATA)?;
    let mut listing = Listing {
        out: BufWriter::new(io::stdout().lock()),
        json: args.json,
    };
    let inspected = values(&bytes, &mut listing);
    // The valid part comes before the error message.
    listing.out.flush().map_err(Failure::Output)?;
    inspected.map_err(|error| match error {
        Failure::Data(error) => input::malformed(file, error),
        error => error,
    })
}

/// Prints opcodes, one per line.
struct Listing<W> {
    out: W,
    json: bool,
}

impl<W: Write> Listing<W> {
    /// Prints an opcode with its operand, which is empty if it has none.
    fn line(
        &mut self,
        offset: usize,
        depth: usize,
        name: &str,
        operand: &str,
    ) -> Result<(), Failure> {
        if self.json {
            let operand = Some(operand).filter(|operand| !operand.is_empty());
            let document =
                json!({"offset": offset, "depth": depth, "opcode": name, "operand": operand});
            writeln!(self.out, "{}", escaped_json(&document))
        } else {
            let indent = 2 * depth.min(nesting::MAX_INDENT);
            let space = if operand.is_empty() { "" } else { " " };
            writeln!(
                self.out,
                "{offset:>8}  {:indent$}{name}{space}{operand}",
                ""
            )
        }
        .map_err(Failure::Output)
    }
}

/// Prints all values, up to the first that is malformed.
fn values(bytes: &[u8], listing: &mut Listing<impl Write>) -> Result<(), Failure> {
    let mut start = 0;
    loop {
        let value = bytes.get(start..).unwrap_or_default();
        let version = version(value, start, listing)?;
        // Tokens alone do not show whether their operands are on the stack. The verdict comes from the decoder of
        // `loads`, the listing from the tokens before the error.
        let validated = validate(value, version);
        // After an unknown version the bytes have no known meaning.
        let known = !validated.as_ref().is_err_and(LoadError::is_version);
        let body = start + version;
        let len = match known {
            true => tokens(bytes.get(body..).unwrap_or_default(), body, listing)?,
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
fn version(
    value: &[u8],
    offset: usize,
    listing: &mut Listing<impl Write>,
) -> Result<usize, Failure> {
    match value.first() {
        Some(&byte) if byte < Opcode::BuildTuple.byte() => {
            listing.line(offset, 0, "VERSION", &byte.to_string())?;
            Ok(1)
        }
        _ => Ok(0),
    }
}

/// Prints the valid tokens of a value that starts at `base`. Returns their length in bytes.
fn tokens(body: &[u8], base: usize, listing: &mut Listing<impl Write>) -> Result<usize, Failure> {
    let mut reader = Tokens::new(body);
    let mut read: Vec<(usize, Token<'_>)> = Vec::new();
    let mut offset = 0;
    while let Some(Ok(token)) = reader.next() {
        read.push((offset, token));
        offset = reader.offset();
    }
    let depths = nesting::depths(read.iter().map(|(_, token)| token));
    for ((offset, token), depth) in read.iter().zip(depths) {
        let name = token.opcode().name();
        listing.line(base + offset, depth, name, &operand::text(token))?;
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
