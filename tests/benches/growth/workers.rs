//! The functions of Rust workers. `far.py` has the same functions for Python workers.

use core::error::Error;
use std::thread;

use execnet::{Channel, Value, Worker, proxy, rsync};

use super::cost::own;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

const FAR: &str = include_str!("far.py");

/// The source of one function of `far.py`. The whole file would be compiled for each call.
pub(super) fn source(name: &str) -> &str {
    let start = format!("def {name}(");
    let mut functions = FAR.split("\n\n\n");
    functions
        .find(|function| function.starts_with(&start))
        .unwrap_or(name)
}

pub(super) fn serve() -> super::Outcome {
    let mut worker = Worker::new();
    // For chains of gateways, and for trees.
    proxy::register(&mut worker);
    rsync::register(&mut worker);
    worker
        .register("spent", |channel: &Channel| channel.send(own()))
        .register("warm", |channel: &Channel| channel.send(1))
        .register("answer", |channel: &Channel| channel.send(1))
        .register("echo", echo)
        .register("keep", keep)
        .register("hold", hold)
        .register("waiters", waiters)
        .register("items", items);
    Ok(execnet::serve_stdio(worker)?)
}

fn echo(channel: &Channel) -> Done {
    for item in channel {
        channel.send(&*item?)?;
    }
    Ok(())
}

/// Answers on each channel that it receives, and keeps them open until it receives `None`.
fn keep(channel: &Channel) -> Done {
    let mut kept = Vec::new();
    for item in channel {
        let (value, channels) = item?.into_parts();
        for other in &channels {
            other.send(1)?;
        }
        kept.extend(channels);
        if value == Value::None {
            kept.clear();
            channel.send(1)?;
        }
    }
    Ok(())
}

/// Leaves `n` items in the inbox until one arrives on the channel that the first item names, and then receives them.
fn hold(channel: &Channel, n: u32) -> Done {
    let first = channel.receive()?;
    first.as_channel().ok_or("no channel")?.receive()?;
    for _ in 0..n {
        channel.receive()?;
    }
    Ok(channel.send(n)?)
}

/// `n` threads that wait on one channel.
fn waiters(channel: &Channel, n: u32) {
    thread::scope(|scope| {
        for _ in 0..n {
            // It ends with the channel, which the controller closes.
            scope.spawn(|| echo(channel));
        }
    });
}

/// Sends `n` items for each that it receives.
fn items(channel: &Channel, n: u32) -> Done {
    for item in channel {
        item?;
        for item in 0..n {
            channel.send(item)?;
        }
    }
    Ok(())
}
