//! The arguments of the commands that read and write data: `dumps`, `loads` and `inspect`.

use std::path::PathBuf;

use clap::Args;

/// Write a value to standard output in the format of execnet's dumps()
#[derive(Debug, Args)]
pub(crate) struct Dumps {
    /// The value in Python's literal notation, or - to read it from standard input
    #[arg(allow_hyphen_values = true)]
    pub(crate) literal: String,
}

/// Print a value that execnet's dumps() wrote
#[derive(Debug, Args)]
pub(crate) struct Loads {
    /// File to read, or - for standard input [default: -]
    pub(crate) file: Option<PathBuf>,
    /// Print the value as JSON
    ///
    /// Values that JSON lacks are objects such as {"$bytes": "aGk="} and {"$int": "123..."}: see "Values as JSON" in
    /// docs/guide/command.md.
    #[arg(long)]
    pub(crate) json: bool,
    /// Load strings (`str`) of Python 2 as Latin-1 text instead of bytes
    #[arg(long)]
    pub(crate) py2str_as_py3str: bool,
    /// Load strings (`str`) of Python 3 as UTF-8 bytes instead of text
    #[arg(long)]
    pub(crate) py3str_as_py2str: bool,
}

/// Print the opcodes of values that execnet's dumps() wrote, with their offsets
///
/// The version byte may be missing, as in the payload of a frame. For malformed data, the valid part is printed, then
/// the error and its offset.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// File to read, or - for standard input [default: -]
    pub(crate) file: Option<PathBuf>,
    /// Print a JSON object for each opcode
    ///
    /// Its keys are offset, depth, opcode and operand, which is text or null.
    #[arg(long)]
    pub(crate) json: bool,
}
