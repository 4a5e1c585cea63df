//! Writes and reads a value without a heap, as on a device. Only `main` uses std, to print.
//!
//! ```text
//! cargo run -p execnet-serializer --no-default-features --example no_heap
//! ```

use execnet_serializer::heapless::{self, CapacityError};
use execnet_serializer::{Document, EncodeError, Encoder, LoadError};

/// The longest message of this device, in bytes.
const MESSAGE: usize = 96;

/// The parts of the largest value that it reads: each item, key and value of a dict and each container is one.
const PARTS: usize = 8;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let message = report("t1", &[21.5, 22.0])?;
    println!("{} bytes: {}", message.len(), message.escape_ascii());
    match interval(b"\x02JN\0\0\0\x08intervalF\0\0\0\x3cPQ")? {
        Some(seconds) => println!("the next report is in {seconds} seconds"),
        None => println!("the settings have no interval"),
    }
    Ok(())
}

/// The message `{"sensor": sensor, "values": [values...]}`.
fn report(
    sensor: &str,
    values: &[f64],
) -> Result<heapless::Vec<u8, MESSAGE>, EncodeError<CapacityError>> {
    let mut encoder = Encoder::new(heapless::Vec::new());
    encoder.version()?;
    encoder.dict()?;
    encoder.str("sensor")?;
    encoder.str(sensor)?;
    encoder.set_item()?;
    encoder.str("values")?;
    encoder.list(values.len())?;
    for (index, value) in values.iter().enumerate() {
        encoder.index(index)?;
        encoder.float(*value)?;
        encoder.set_item()?;
    }
    encoder.set_item()?;
    encoder.stop()?;
    Ok(encoder.into_inner())
}

/// The `interval` of the settings, a dict that may have more keys.
fn interval(message: &[u8]) -> Result<Option<i64>, LoadError> {
    let settings = Document::<PARTS>::loads(message)?;
    Ok(settings
        .root()
        .get("interval")
        .and_then(|node| node.as_i64()))
}
