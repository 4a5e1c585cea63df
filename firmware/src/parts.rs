//! Functions that only some builds have: they use the optional parts of the crates, to measure what each takes on a device.

#[cfg(any(
    feature = "literal",
    feature = "serde",
    feature = "json",
    feature = "postcard"
))]
use {crate::Failure, execnet_core_sync::endpoint::EndpointChannel};

use execnet_core_sync::endpoint::Functions;

/// Registers a function for each part that is compiled in.
pub fn register(functions: &mut Functions) {
    #[cfg(feature = "literal")]
    functions.register("literal", literal);
    #[cfg(feature = "serde")]
    functions.register("scale", scale);
    #[cfg(feature = "json")]
    functions.register("json", json);
    #[cfg(feature = "postcard")]
    functions.register("postcard", postcard);
    #[cfg(feature = "memory")]
    crate::memory::register(functions);
    let _ = functions;
}

/// The end of a connection.
pub fn end() {
    #[cfg(feature = "memory")]
    crate::memory::free();
}

/// Sends back the text of the value that a text denotes, in Python's notation.
#[cfg(feature = "literal")]
fn literal(channel: &EndpointChannel) -> Result<(), Failure> {
    let item = channel.receive()?;
    let value: execnet_serializer::Value = item.as_str().ok_or("no text")?.parse()?;
    Ok(channel.send(alloc::string::ToString::to_string(&value))?)
}

/// Sends back a list of numbers, each of them multiplied.
#[cfg(feature = "serde")]
fn scale(channel: &EndpointChannel, factor: f32) -> Result<(), Failure> {
    let mut numbers: alloc::vec::Vec<f32> = channel.receive_as()?;
    numbers.iter_mut().for_each(|number| *number *= factor);
    Ok(channel.send_as(&numbers)?)
}

/// Sends back the JSON of the value of a JSON text.
#[cfg(feature = "json")]
fn json(channel: &EndpointChannel) -> Result<(), Failure> {
    use execnet_serializer::json::{from_json, to_json};

    let item = channel.receive()?;
    let value = from_json(serde_json::from_str(item.as_str().ok_or("no text")?)?)?;
    Ok(channel.send(serde_json::to_string(&to_json(&value))?)?)
}

/// Sends back a list of numbers, each of them doubled, as postcard writes them.
#[cfg(feature = "postcard")]
fn postcard(channel: &EndpointChannel) -> Result<(), Failure> {
    type Numbers = alloc::vec::Vec<u16>;

    let channel = channel.postcard::<Numbers, Numbers>();
    let numbers = channel.receive()?;
    let doubled = numbers.iter().map(|number| number.wrapping_mul(2));
    Ok(channel.send(&doubled.collect())?)
}
