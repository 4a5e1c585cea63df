//! `execnet dumps`: converts a literal to the bytes that stock `execnet.dumps` writes.

use std::io::{self, Write as _};

use execnet::Value;

use crate::args::Dumps;
use crate::failure::Failure;
use crate::input;

pub(crate) fn run(args: &Dumps) -> Result<(), Failure> {
    let value = if args.literal == "-" {
        parse(&input::text(None, input::MAX_DATA)?)?
    } else {
        parse(&args.literal)?
    };
    let bytes = execnet::serializer::dumps(&value).map_err(|error| Failure::Data(error.into()))?;
    let mut out = io::stdout().lock();
    out.write_all(&bytes)
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}

fn parse(literal: &str) -> Result<Value, Failure> {
    literal
        .trim()
        .parse()
        .map_err(|error| Failure::Usage("invalid literal".into(), Box::new(error)))
}
