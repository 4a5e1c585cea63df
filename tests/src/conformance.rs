//! The programs of the conformance suite, as Python source and as functions of a worker in Rust, which recognizes them
//! by their source.

use core::error::Error;
use std::io::{self, Write as _};
use std::process;

use execnet::{Channel, ReceiveError, Worker};

type Failure = Box<dyn Error + Send + Sync>;

/// Sends every item back.
pub const ECHO: &str = "for item in channel: channel.send(item)";

/// Sends [`COUNTED`] numbers.
pub const COUNT: &str = "for n in range(5000): channel.send(n)";

/// How far [`COUNT`] counts.
pub const COUNTED: i32 = 5000;

/// Sends one item back, and the length of the next.
pub const LARGE: &str =
    "item = channel.receive()\nchannel.send(item)\nchannel.send(len(channel.receive()))";

/// Fails when it has sent something.
pub const FAIL: &str = "channel.send(1)\n1 / 0";

/// With what [`FAIL`] fails in Rust, where nothing has a traceback.
pub const FAILURE: &str = "function 'fail' failed: ZeroDivisionError: division by zero";

/// Sends 42.
pub const ANSWER: &str = "channel.send(42)";

/// Gets two channels, and sends over the second one more than what comes over the first.
pub const ADD: &str = "a, b = channel.receive()\nb.send(a.receive() + 1)\nb.waitclose()";

/// Sends one item back.
pub const ONCE: &str = "channel.send(channel.receive())";

/// Prints much, past all buffers too.
pub const PRINT: &str =
    "import os\nprint('x' * 1000)\nos.write(1, b'y' * 1000)\nos.write(2, b'z')\nchannel.send(1)";

/// Sends something, and waits for an item.
pub const WAIT: &str = "channel.send(1)\nchannel.receive()";

/// Gets a channel, over which it tells when its own is closed.
pub const NOTICE: &str =
    "done = channel.receive()\ntry: channel.receive()\nexcept EOFError: done.send('end')";

/// Sends the number of the process.
pub const PID: &str = "import os; channel.send(os.getpid())";

/// Makes the functions known.
pub fn register(worker: &mut Worker) {
    execnet::proxy::register(worker);
    worker
        .register_program("echo", |source| source == ECHO, echo)
        .register_program(
            "count",
            |source| source == COUNT,
            |channel: &Channel| channel.send_all(0..COUNTED),
        )
        .register_program("large", |source| source == LARGE, large)
        .register_program("fail", |source| source == FAIL, fail)
        .register_program(
            "answer",
            |source| source == ANSWER,
            |channel: &Channel| channel.send(42),
        )
        .register_program("add", |source| source == ADD, add)
        .register_program("once", |source| source == ONCE, once)
        .register_program("print", |source| source == PRINT, print)
        .register_program("wait", |source| source == WAIT, wait)
        .register_program("notice", |source| source == NOTICE, notice)
        .register_program(
            "pid",
            |source| source == PID,
            |channel: &Channel| channel.send(process::id()),
        );
}

fn echo(channel: &Channel) -> Result<(), Failure> {
    for item in channel {
        channel.send(&*item?)?;
    }
    Ok(())
}

fn large(channel: &Channel) -> Result<(), Failure> {
    once(channel)?;
    let item = channel.receive()?;
    let text = item.as_str().ok_or("no text")?;
    Ok(channel.send(text.len() as u64)?)
}

fn fail(channel: &Channel) -> Result<(), Failure> {
    channel.send(1)?;
    Err("ZeroDivisionError: division by zero".into())
}

fn add(channel: &Channel) -> Result<(), Failure> {
    let item = channel.receive()?;
    let [a, b] = item.channels() else {
        return Err("no two channels".into());
    };
    let number = a.receive()?.as_i64().ok_or("no number")?;
    b.send(number + 1)?;
    Ok(b.wait_close()?)
}

fn once(channel: &Channel) -> Result<(), Failure> {
    Ok(channel.send(&*channel.receive()?)?)
}

fn print(channel: &Channel) -> Result<(), Failure> {
    println!("{}", "x".repeat(1000));
    io::stdout().write_all(&[b'y'; 1000])?;
    io::stderr().write_all(b"z")?;
    Ok(channel.send(1)?)
}

fn wait(channel: &Channel) -> Result<(), Failure> {
    channel.send(1)?;
    channel.receive()?;
    Ok(())
}

fn notice(channel: &Channel) -> Result<(), Failure> {
    let item = channel.receive()?;
    let done = item.as_channel().ok_or("no channel")?;
    match channel.receive() {
        Err(ReceiveError::Closed) => Ok(done.send("end")?),
        other => Err(format!("{other:?}").into()),
    }
}
