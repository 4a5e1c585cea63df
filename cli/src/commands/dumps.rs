//! `execnet dumps`: converts a literal to the bytes that stock `execnet.dumps` writes.

use execnet::Value;

use crate::args::Dumps;
use crate::failure::Failure;
use crate::input;
use crate::printer::print_bytes;

pub(crate) fn run(args: &Dumps) -> Result<(), Failure> {
    let value = if args.literal == "-" {
        parse(&input::text(None, input::MAX_DATA)?)?
    } else {
        parse(&args.literal)?
    };
    let bytes = execnet::serializer::dumps(&value).map_err(|error| Failure::Data(error.into()))?;
    print_bytes(&bytes)
}

fn parse(literal: &str) -> Result<Value, Failure> {
    literal
        .trim()
        .parse()
        .map_err(|error| Failure::Usage("invalid literal".into(), Box::new(error)))
}
