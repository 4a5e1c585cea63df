//! What a command reads: a file, or standard input.

use std::io::{self, Read as _};
use std::path::Path;

use crate::failure::Failure;

/// All of a file's bytes; of standard input without a file or with `-`.
pub(crate) fn bytes(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    match file.filter(|path| *path != Path::new("-")) {
        Some(path) => std::fs::read(path)
            .map_err(|error| Failure::Usage(path.display().to_string(), error.into())),
        None => stdin(),
    }
}

/// All of a file's or standard input's text.
pub(crate) fn text(file: Option<&Path>) -> Result<String, Failure> {
    String::from_utf8(bytes(file)?).map_err(|error| {
        let name = file.map_or("standard input".into(), |path| path.display().to_string());
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
