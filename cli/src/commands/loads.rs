//! `execnet loads`: converts the bytes that `dumps` wrote to a literal.

use execnet::serializer::{LoadOptions, StrConfig};

use crate::args::Loads;
use crate::failure::Failure;
use crate::input;
use crate::printer::Printer;

pub(crate) fn run(args: &Loads) -> Result<(), Failure> {
    let file = args.file.as_deref();
    let bytes = input::bytes(file, input::MAX_DATA)?;
    let strings = StrConfig {
        py2str_as_py3str: args.py2str_as_py3str,
        py3str_as_py2str: args.py3str_as_py2str,
    };
    let options = LoadOptions::new().with_strings(strings);
    let (value, length) = options
        .load_prefix(&bytes)
        .map_err(|error| input::malformed(file, error))?;
    let mut printer = Printer::new(args.json);
    printer.print(&value)?;
    printer.flush()?;
    if length < bytes.len() {
        let error = format!(
            "byte {length}: more data begins here, after the value; `execnet inspect` shows all"
        );
        return Err(input::malformed(file, error));
    }
    Ok(())
}
