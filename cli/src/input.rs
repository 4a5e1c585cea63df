//! The input of a command: a file or standard input.

use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::Failure;

/// Reads all bytes of a file; of standard input if there is no file or it is `-`.
pub(crate) fn bytes(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file.filter(|path| *path != Path::new("-")) {
        Some(path) => std::fs::read(path)
            .map_err(|error| Failure::Usage(format!("cannot read {path:?}"), error.into())),
        None => stdin(),
    }
}

/// Reads all text of a file or of standard input.
pub(crate) fn text(file: Option<&Path>) -> Result<String, Failure> {
    String::from_utf8(bytes(file)?).map_err(|error| {
        let name = file.map_or("standard input".into(), |path| format!("{path:?}"));
        Failure::Usage(name, error.into())
    })
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    match io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failure::Usage("standard input".into(), error.into())),
    }
}
