//! The worker in Rust, whose functions `tests/stock/soak.py` calls.

use core::error::Error;

use execnet::worker::Kwargs;
use execnet::{Channel, Item, Value, Worker};

use crate::memory::{self, Heap};
use crate::values::Random;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Serves the controller that has started this process.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let mut worker = Worker::new();
    worker
        .register("values", values)
        .register("numbers", numbers)
        .register("spread", spread)
        .register("total", total)
        .register("fail", |_: &Channel| Err::<(), _>("on purpose"))
        .register("held", held);
    Ok(execnet::serve_stdio(worker)?)
}

/// Tells what this process holds.
fn held(channel: &Channel) -> Outcome {
    let Heap { blocks, bytes } = memory::heap();
    let resident = memory::resident(std::process::id())?;
    Ok(channel.send((resident, blocks, bytes))?)
}

/// Sends random values, each of which has to come back; then how many did.
fn values(channel: &Channel, kwargs: Kwargs) -> Outcome {
    let argument = |name: &str| kwargs.get(name).and_then(Value::as_i64);
    let (seed, count) = argument("seed")
        .zip(argument("count"))
        .ok_or("no numbers")?;
    let (seed, count) = (u64::try_from(seed)?, u64::try_from(count)?);
    let mut random = Random::new(seed);
    let values: Vec<Value> = (0..count).map(|_| random.value(3)).collect();
    for value in &values {
        channel.send(value)?;
    }
    for value in &values {
        let item = channel.receive()?;
        if item.as_ref() != value {
            return Err(format!("{value} came back as {}", item.as_ref()).into());
        }
    }
    Ok(channel.send(count)?)
}

/// Counts, for as long as somebody listens.
fn numbers(channel: &Channel, count: u64) -> Outcome {
    for number in 0..count {
        if channel.send(number).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Receives channels in an item, and counts on each.
fn spread(channel: &Channel, count: u64) -> Outcome {
    let item = channel.receive()?;
    for number in 0..count {
        for other in item.channels() {
            other.send(number)?;
        }
    }
    for other in item.channels() {
        other.close();
    }
    Ok(())
}

/// Adds up, by a callback, what comes on a channel that it is given, and answers there at each item.
fn total(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let numbers = item.as_channel().ok_or("not a channel")?.clone();
    let (answers, mut sum) = (channel.clone(), 0);
    numbers.set_callback(move |item: Item| {
        sum += item.as_i64().unwrap_or_default();
        answers.send(sum).map_err(|error| error.to_string())
    })?;
    Ok(numbers.wait_close()?)
}
