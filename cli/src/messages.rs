//! Messages on standard error.

use std::io::{self, Write as _};

use crate::escape::escaped;
use crate::style;

/// Prints a message after the name of the program.
pub(crate) fn print(text: &str) {
    let name = style::name(io::stderr(), "execnet:");
    write(&format!("{name} {}\n", escaped(text)));
}

/// Prints the lines of a text, each after a prefix, which may have colours.
pub(crate) fn print_lines(prefix: &str, text: &str) {
    let lines = text
        .lines()
        .map(|line| format!("{prefix}{}\n", escaped(line)));
    write(&lines.collect::<String>());
}

/// In one write, so that the lines of several threads do not mix.
fn write(text: &str) {
    // Standard error may be closed; the exit status remains.
    let _ = io::stderr().write_all(text.as_bytes());
}
