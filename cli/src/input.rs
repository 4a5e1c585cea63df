//! The input of a command: a file or standard input.

use core::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use execnet::report;

use crate::failure::Failure;

/// Maximum size of data and of source code in bytes: that of the payload of a frame.
pub(crate) const MAX_DATA: usize = i32::MAX as usize;

/// The byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Whether the name of a file is that of standard input.
pub(crate) fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// The file, unless the input is standard input.
fn named(file: Option<&Path>) -> Option<&Path> {
    file.filter(|path| !is_stdin(path))
}

/// The name of the input in messages.
pub(crate) fn name(file: Option<&Path>) -> String {
    named(file).map_or("standard input".into(), |path| path.display().to_string())
}

/// Reads all bytes of a file; of standard input if there is no file or it is `-`.
///
/// # Errors
///
/// It cannot be read, or is larger than `limit` bytes.
pub(crate) fn bytes(file: Option<&Path>, limit: usize) -> Result<Vec<u8>, Failure> {
    let read = match named(file) {
        Some(path) => File::open(path).and_then(|file| read(file, limit)),
        None => read(io::stdin().lock(), limit),
    };
    let what = || match named(file) {
        Some(path) => format!("cannot read {path:?}"),
        None => name(None),
    };
    read.map_err(|error| Failure::Usage(what(), error.into()))
}

/// Reads all text of a file or of standard input, without a byte order mark.
pub(crate) fn text(file: Option<&Path>, limit: usize) -> Result<String, Failure> {
    let mut bytes = bytes(file, limit)?;
    if bytes.starts_with(BOM) {
        bytes.drain(..BOM.len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.as_bytes().get(..error.utf8_error().valid_up_to());
        let line = 1 + valid
            .iter()
            .copied()
            .flatten()
            .filter(|&&byte| byte == b'\n')
            .count();
        Failure::Usage(format!("{}, line {line}", name(file)), error.into())
    })
}

fn read(input: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more shows that there is more. The buffer grows with what is read.
    let more = u64::try_from(limit).map_or(u64::MAX, |limit| limit.saturating_add(1));
    input.take(more).read_to_end(&mut bytes)?;
    match bytes.len() > limit {
        true => {
            let error = format!("it is larger than the limit of {limit} bytes");
            Err(io::Error::new(io::ErrorKind::FileTooLarge, error))
        }
        false => Ok(bytes),
    }
}

/// The failure of a command whose input is malformed.
pub(crate) fn malformed(
    file: Option<&Path>,
    error: impl Into<Box<dyn Error + Send + Sync>>,
) -> Failure {
    let error = error.into();
    match named(file) {
        Some(_) => Failure::Data(format!("{}: {}", name(file), report(&*error)).into()),
        None => Failure::Data(error),
    }
}
