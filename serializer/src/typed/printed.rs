//! Writes what a value prints as text, without holding the text.

use core::fmt::{self, Display, Write as _};

use embedded_io::Write;

use super::Error;
use super::output::Output;
use crate::Opcode;

/// Writes the printed form of a value as text. It is printed twice because the
/// length comes first; this needs no memory.
pub(super) fn printed<W: Write>(
    mut output: Output<'_, W>,
    value: &(impl Display + ?Sized),
) -> Result<(), Error> {
    let changed = || Error::message("a value that prints differently each time, or not at all");
    let mut length = Length(0);
    write!(length, "{value}").map_err(|_| changed())?;
    output.put(|encoder| encoder.length(Opcode::Py3String, length.0))?;
    let mut printer = Printer {
        output,
        left: length.0,
        failed: None,
    };
    match write!(printer, "{value}") {
        Ok(()) if printer.left == 0 => Ok(()),
        _ => Err(printer.failed.unwrap_or_else(changed)),
    }
}

/// Counts the bytes printed.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Writes the bytes printed, up to the counted length.
struct Printer<'e, W: Write> {
    output: Output<'e, W>,
    left: usize,
    failed: Option<Error>,
}

impl<W: Write> fmt::Write for Printer<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        let written = self.output.put(|encoder| encoder.put(text.as_bytes()));
        written.map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}
