//! `documents DIR` writes the documents as `dumps` does, for the programs in
//! Python that are measured on the same.

use std::error::Error;
use std::path::{Path, PathBuf};

use execnet_serializer::to_vec;
use execnet_serializer_benches as documents;
use serde::Serialize;

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("a folder is missing")?
        .into();
    write(&folder, "reports", &documents::reports())?;
    write(&folder, "ints", &documents::ints())?;
    write(&folder, "bytes", &documents::bytes())?;
    write(&folder, "tree", &documents::trees())?;
    write(&folder, "strings", &documents::strings())?;
    write(&folder, "floats", &documents::floats())
}

fn write(folder: &Path, name: &str, document: &impl Serialize) -> Result<(), Box<dyn Error>> {
    Ok(std::fs::write(folder.join(name), to_vec(document)?)?)
}
