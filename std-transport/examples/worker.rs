//! A worker in Rust, for controllers in Python or Rust. `worker.py` beside it is one in Python.
//!
//! ```text
//! cargo build --release -p execnet --example worker
//! python3 std-transport/examples/worker.py target/release/examples/worker
//! ```

use core::error::Error;

use execnet::{Channel, Worker};

fn main() -> Result<(), Box<dyn Error>> {
    let mut worker = Worker::new();
    worker
        .register("fib", fib)
        .register("squares", squares)
        .register("pid", |channel: &Channel| channel.send(std::process::id()));
    Ok(execnet::serve_stdio(worker)?)
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Sends the n-th Fibonacci number: called with `n=30`.
fn fib(channel: &Channel, n: u32) -> Outcome {
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
    for item in channel.iter_as::<f64>() {
        let number = item?;
        println!("this goes nowhere, and does no harm: {number}");
        channel.send(number * number)?;
    }
    Ok(())
}
