//! A program that answers instead of a worker, as its argument says: see `execnet_tests::impostor`.

use std::io;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let says = std::env::args().nth(1).unwrap_or_default().parse()?;
    Ok(execnet_tests::impostor::speak(
        says,
        io::stdin(),
        io::stdout(),
    )?)
}
