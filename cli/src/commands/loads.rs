//! `execnet loads`: converts the bytes that `dumps` wrote to a literal.

use execnet::serializer::{LoadOptions, StrConfig};

use crate::args::Loads;
use crate::failure::Failure;
use crate::input;
use crate::printer::Printer;

pub(crate) fn run(args: &Loads) -> Result<(), Failure> {
    let bytes = input::bytes(args.file.as_deref())?;
    let strings = StrConfig {
        py2str_as_py3str: args.py2str_as_py3str,
        py3str_as_py2str: args.py3str_as_py2str,
    };
    let value = LoadOptions::new()
        .with_strings(strings)
        .loads(&bytes)
        .map_err(|error| Failure::Data(error.into()))?;
    let mut printer = Printer::new(args.json);
    printer.print(&value)?;
    printer.flush()
}
