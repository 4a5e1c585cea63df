//! A worker in Rust, for controllers in Python or Rust. `worker.py` beside it is one in Python.
//!
//! ```text
//! cargo build --release -p execnet --example worker
//! python3 std-transport/examples/worker.py target/release/examples/worker
//! ```

use core::error::Error;

use execnet::exec::Kwargs;
use execnet::{Channel, Worker};

fn main() -> Result<(), Box<dyn Error>> {
    let mut worker = Worker::new();
    worker
        .register("fib", fib)
        .register("squares", squares)
        .register("pid", |channel: &Channel| channel.send(std::process::id()));
    Ok(worker.serve_stdio()?)
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Sends the n-th Fibonacci number: called with `n=30`.
fn fib(channel: &Channel, kwargs: Kwargs) -> Outcome {
    let n = kwargs.get_str("n").and_then(|n| n.as_i64());
    let n = n.ok_or("it takes a number n")?;
    let (mut this, mut next) = (0u64, 1u64);
    for _ in 0..n {
        let sum = this
            .checked_add(next)
            .ok_or("the result is beyond 64 bits")?;
        (this, next) = (next, sum);
    }
    channel.send(this)?;
    Ok(())
}

/// Squares what it receives, until the channel is closed.
fn squares(channel: &Channel) -> Outcome {
    for item in channel {
        let item = item?;
        let number = item.as_f64().or(item.as_i64().map(|n| n as f64));
        let number = number.ok_or("it squares numbers")?;
        println!("this goes nowhere, and does no harm: {number}");
        channel.send(number * number)?;
    }
    Ok(())
}
