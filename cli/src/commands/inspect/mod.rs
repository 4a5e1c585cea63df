//! `execnet inspect`: the opcodes of a file, each with where it stands and how deep.

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
    // What is sound has to be seen before the complaint.
    out.flush().map_err(Failure::Output)?;
    inspected
}

/// Prints one value after the other, up to the first that is broken.
fn values(bytes: &[u8], out: &mut impl Write) -> Result<(), Failure> {
    let mut start = 0;
    loop {
        let value = bytes.get(start..).unwrap_or_default();
        let version = version(value, start, out)?;
        let verdict = judge(value, version);
        // After a version that is not known the bytes can mean anything.
        let known = !verdict.as_ref().is_err_and(LoadError::is_version);
        let body = start + version;
        let taken = match known {
            true => tokens(bytes.get(body..).unwrap_or_default(), body, out)?,
            false => 0,
        };
        verdict.map_err(|error| broken(&error, start))?;
        start = body + taken;
        if start >= bytes.len() {
            return Ok(());
        }
    }
}

/// Prints the version byte, if there is one: no opcode is as small. How many bytes it takes.
fn version(value: &[u8], offset: usize, out: &mut impl Write) -> Result<usize, Failure> {
    match value.first() {
        Some(&byte) if byte < Opcode::BuildTuple.byte() => {
            writeln!(out, "{offset:>8}  VERSION {byte}").map_err(Failure::Output)?;
            Ok(1)
        }
        _ => Ok(0),
    }
}

/// Prints the tokens of a value that starts at `base`, as many as are sound. How many bytes they
/// take.
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
        let indent = 2 * depth.min(nesting::WIDEST);
        let name = token.opcode().name();
        let operand = operand::text(token);
        writeln!(out, "{:>8}  {:indent$}{name}{operand}", base + offset, "")
            .map_err(Failure::Output)?;
    }
    Ok(offset)
}

/// Whether the tokens are a value, as `execnet loads` judges it. `version` is the length of the version byte: a value
/// without one is accepted here, because that is what frames carry.
fn judge(value: &[u8], version: usize) -> Result<(), LoadError> {
    let options = match version {
        0 => LoadOptions::wire(),
        _ => LoadOptions::new(),
    };
    options.loads(value).map(drop)
}

fn broken(error: &LoadError, base: usize) -> Failure {
    let at = base + error.offset();
    let text = error.to_string();
    // The error counts from the start of its value, the listing from that of the file.
    let what = text.split_once(": ").map_or(&*text, |(_, what)| what);
    Failure::Data(format!("byte {at}: {what}").into())
}
