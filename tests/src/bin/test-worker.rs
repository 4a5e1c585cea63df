//! The worker in Rust that the tests of stock controllers use: see `tests/stock/`.
use core::error::Error;
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::thread;

use execnet::serializer::{DumpOptions, StrConfig, loads};
use execnet::worker::Kwargs;
use execnet::{Channel, Item, Value, Worker, rsync};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut worker = Worker::new();
    worker
        .register("echo", echo)
        .register("add_one", add_one)
        .register("multiply", multiply)
        .register("kwargs", |channel: &Channel, kwargs: Kwargs| {
            channel.send(kwargs.into_dict())
        })
        .register("count", count)
        .register("fail", fail)
        .register("panic", panic)
        .register("wait", wait)
        .register("where", where_it_runs)
        .register("linger", linger)
        .register("pid", |channel: &Channel| channel.send(std::process::id()))
        .register("cwd", cwd);
    worker
        .register("pass", pass)
        .register("same", same)
        .register("hand_out", hand_out)
        .register("squares", squares)
        .register("failing_callback", failing_callback)
        .register("late", late)
        .register("keep", keep);
    worker
        .register("write_file", write_file)
        .register("read_file", read_file)
        .register("print", print)
        .register("close_own", close_own)
        .register("close_file", close_file)
        .register("dumps", dumps)
        .register("load", load)
        .register("as_bytes", as_bytes);
    rsync::register(&mut worker);
    Ok(execnet::serve_stdio(worker)?)
}

fn echo(channel: &Channel) -> Outcome {
    for item in channel {
        channel.send(item?.as_ref())?;
    }
    Ok(())
}

fn add_one(channel: &Channel) -> Outcome {
    let number = channel.receive()?.as_i64().ok_or("not a number")?;
    Ok(channel.send(number + 1)?)
}

/// As execnet's documentation has it: a function with an argument, in a loop.
fn multiply(channel: &Channel, factor: i64) -> Outcome {
    for item in channel.iter_as::<i64>() {
        channel.send(item? * factor)?;
    }
    Ok(())
}

fn count(channel: &Channel, n: u32) -> Outcome {
    Ok(channel.send_all(0..n)?)
}

fn fail(channel: &Channel) -> Outcome {
    channel.send(42)?;
    Err("this worker's ValueError".into())
}

#[allow(clippy::panic, reason = "that is what it is for")]
fn panic(_channel: &Channel) {
    panic!("on purpose");
}

/// Says that it runs, then waits for an item or the end.
fn wait(channel: &Channel) -> Outcome {
    channel.send("running")?;
    channel.receive()?;
    Ok(())
}

/// Sends the name of its thread, then waits for an item or the end.
fn where_it_runs(channel: &Channel) -> Outcome {
    channel.send(thread::current().name())?;
    channel.receive()?;
    Ok(())
}

/// Works on when its answer is out.
fn linger(channel: &Channel) -> Outcome {
    channel.send("answer")?;
    thread::sleep(Duration::from_millis(300));
    Ok(())
}

fn cwd(channel: &Channel) -> Outcome {
    let directory = std::env::current_dir()?;
    Ok(channel.send(directory.to_str().ok_or("not UTF-8")?)?)
}

/// Two channels in one item: what comes on one goes out by the other, one more.
fn pass(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let Value::Tuple(parts) = item.as_ref() else {
        return Err("not a tuple".into());
    };
    let [Value::Channel(from), Value::Channel(to)] = parts.as_slice() else {
        return Err("not two channels".into());
    };
    let (from, to) = (item.channel(*from), item.channel(*to));
    let (from, to) = from.zip(to).ok_or("no handles")?;
    Ok(to.send(from.receive()?.as_i64().ok_or("not a number")? + 1)?)
}

/// Receives itself, and sends itself back.
fn same(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let received = item.as_channel().ok_or("not a channel")?;
    if received != channel {
        return Err("another channel".into());
    }
    Ok(channel.send(received)?)
}

/// A channel of this side's making.
fn hand_out(channel: &Channel) -> Outcome {
    let own = channel.gateway().new_channel()?;
    channel.send(&own)?;
    own.send(42)?;
    Ok(own.wait_close_timeout(Duration::from_secs(10))?)
}

fn squares(channel: &Channel) -> Outcome {
    let answers = channel.clone();
    channel.set_callback(move |item: Item| match item.as_i64() {
        Some(number) => answers.send(number * number).map_err(|e| e.to_string()),
        None => Err("not a number".to_owned()),
    })?;
    Ok(channel.wait_close()?)
}

/// Takes a channel whose callback fails at the first item.
fn failing_callback(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let other = item.as_channel().ok_or("not a channel")?.clone();
    other.set_callback(|item: Item| Err::<(), _>(format!("ValueError: {item}")))?;
    channel.send("ready")?;
    channel.receive()?;
    Ok(channel.send(other.is_closed())?)
}

/// Sends by a thread, when the function has returned long since.
fn late(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let other = item.as_channel().ok_or("not a channel")?.clone();
    thread::spawn(move || {
        for number in 0..5 {
            thread::sleep(Duration::from_millis(20));
            if other.send(number * 100).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Takes a channel, and drops it with the item that it came in.
fn keep(channel: &Channel) -> Outcome {
    let kept = channel.receive()?;
    channel.send(kept.channels().len() as u64)?;
    channel.receive()?;
    drop(kept);
    Ok(channel.send("dropped")?)
}

fn write_file(channel: &Channel) -> Outcome {
    let mut file = channel.make_file_write().text();
    file.write_all(b"hello world\n")?;
    drop(file);
    Ok(channel.send(42)?)
}

/// The first item is the channel for the answer; the others are a file.
fn read_file(channel: &Channel) -> Outcome {
    let item = channel.receive()?;
    let answer = item.as_channel().ok_or("not a channel")?;
    let mut file = channel.make_file_read();
    let (mut first, mut rest) = ([0; 2], String::new());
    file.read_exact(&mut first)?;
    file.read_to_string(&mut rest)?;
    Ok(answer.send((String::from_utf8_lossy(&first).as_ref(), rest))?)
}

/// Not in the way of the frames.
fn print(channel: &Channel) -> Outcome {
    println!("{}", "x".repeat(1000));
    std::io::stderr().write_all(b"to standard error\n")?;
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input)?;
    Ok(channel.send(read as u64)?)
}

fn close_own(channel: &Channel) {
    channel.close();
}

/// A file that closes the channel of its call.
fn close_file(channel: &Channel) -> Outcome {
    let mut file = channel.make_file_write().text().proxy_close();
    file.write_all(b"hello world")?;
    drop(file);
    Ok(())
}

/// The bytes of what comes, as this side writes it.
fn dumps(channel: &Channel) -> Outcome {
    for item in channel {
        let bytes = DumpOptions::wire().dumps(item?.as_ref())?;
        channel.send(Value::Bytes(bytes))?;
    }
    Ok(())
}

/// What stored data holds, in Python's notation.
fn load(channel: &Channel) -> Outcome {
    for item in channel {
        let Value::Bytes(bytes) = item?.into_value() else {
            return Err("not bytes".into());
        };
        match loads(&bytes) {
            Ok(value) => channel.send(value.to_string())?,
            Err(error) => channel.send(format!("LoadError: {error}"))?,
        }
    }
    Ok(())
}

/// Has the other side read texts as Python 2 does.
fn as_bytes(channel: &Channel) -> Outcome {
    channel.reconfigure(StrConfig {
        py2str_as_py3str: false,
        py3str_as_py2str: true,
    })?;
    channel.send("ready")?;
    echo(channel)
}
