//! A file of values, which Python's `execnet.load` reads as well: appends values in Python's notation, then prints all.
//!
//! ```text
//! cargo run -p execnet-serializer --example stored -- measurements.bin '("t1", 21.5)' '("t2", 22.0)'
//! ```

use core::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write as _};

use execnet_serializer::{LoadOptions, Value, dumps};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: stored FILE [VALUE]...")?;
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    for literal in arguments {
        let parsed = literal.parse::<Value>();
        let value = parsed.map_err(|error| format!("{literal}: {error}"))?;
        file.write_all(&dumps(&value)?)?;
    }
    for value in LoadOptions::new().stream(BufReader::new(File::open(&path)?)) {
        println!("{}", value?);
    }
    Ok(())
}
