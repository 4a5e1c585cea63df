//! This project's side of the gateway benchmark: the same work as `stock.py` does on stock execnet.
//!
//! `gateway PYTHON MEASURE [DIR]` prints figures as JSON objects, one per line; `scripts/bench` runs both sides in
//! turns and makes tables of them. It asserts nothing: a figure is not a test.

mod figures;

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use execnet::serializer::{dumps, loads};
use execnet::{Channel, Group, Value};

use figures::{Outcome, percentile, round_trips, seconds, tell};

const STARTS: usize = 3;
const ROUND_TRIPS: usize = 5000;
const ECHOES: u32 = 100;
const ITEMS: u32 = 50_000;

const ECHO: &str = "
while True:
    item = channel.receive()
    if item is None:
        break
    channel.send(item)
";

const COUNT: &str = "
count = 0
while channel.receive() is not None:
    count += 1
channel.send(count)
";

const TAKE: &str = "for item in channel: channel.send(len(item))";
const GIVE: &str = "item = channel.receive()\nwhile channel.receive(): channel.send(item)";
const REPORTS: u32 = 5000;

fn main() -> Outcome {
    // `cargo bench` and `cargo test` pass an option of their own to every benchmark.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [python, "startup"] => startup(python),
        [python, "roundtrip"] => round_trip(&start(python, ECHO)?.1),
        [python, "echo"] => echo(&start(python, ECHO)?.1),
        [python, "oneway"] => one_way(python),
        [python, "structured", folder] => structured(python, Path::new(folder)),
        [_, "serializer", folder] => serializer(Path::new(folder)),
        _ => {
            println!("run scripts/bench, which runs this beside stock execnet");
            Ok(())
        }
    }
}

/// A gateway of its own with running code. It ends when the group is dropped.
fn start(python: &str, code: &str) -> Outcome<(Group, Channel)> {
    let group = Group::new();
    let channel = group
        .make_gateway(format!("popen//python={python}"))?
        .remote_exec(code)?;
    Ok((group, channel))
}

/// From the call of `make_gateway` to the first item in hand.
fn startup(python: &str) -> Outcome {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let before = Instant::now();
        let (group, channel) = start(python, "channel.send(1)")?;
        channel.receive()?;
        times.push(before.elapsed());
        group.terminate_timeout(Duration::from_secs(5));
    }
    tell(
        "startup",
        percentile(&mut times, 50).as_secs_f64() * 1e3,
        "ms",
    );
    Ok(())
}

fn round_trip(channel: &Channel) -> Outcome {
    round_trips("round trip", ROUND_TRIPS, || {
        channel.send(1)?;
        channel.receive()?;
        Ok(())
    })?;
    Ok(channel.send(())?)
}

fn echo(channel: &Channel) -> Outcome {
    figures::echo(channel, ECHOES)?;
    Ok(channel.send(())?)
}

fn one_way(python: &str) -> Outcome {
    let (group, out) = start(python, COUNT)?;
    let there = seconds(|| {
        for item in 0..ITEMS {
            out.send(item)?;
        }
        out.send(())?;
        assert_eq!(out.receive()?.as_i64(), Some(i64::from(ITEMS)));
        Ok(())
    })?;
    tell("items to the worker", f64::from(ITEMS) / there, "items/s");
    let code = format!("channel.receive()\nfor item in range({ITEMS}): channel.send(item)");
    let back = group.gateways()[0].remote_exec(&code)?;
    let here = seconds(|| {
        back.send(())?;
        for _ in 0..ITEMS {
            back.receive()?;
        }
        Ok(())
    })?;
    tell("items from the worker", f64::from(ITEMS) / here, "items/s");
    Ok(())
}

/// Items with structure, one way at a time: an answer and a request are single ints.
fn structured(python: &str, folder: &Path) -> Outcome {
    for name in ["reports", "ints"] {
        let document = loads(&std::fs::read(folder.join(name).with_extension("execnet"))?)?;
        let (group, out) = start(python, TAKE)?;
        let there = median_of_work(|| {
            out.send(&document)?;
            Ok(out.receive()?)
        })?;
        tell(&format!("{name} to the worker"), there * 1e3, "ms");
        let back = group.gateways()[0].remote_exec(GIVE)?;
        back.send(&document)?;
        let here = median_of_work(|| {
            back.send(1)?;
            Ok(back.receive()?)
        })?;
        tell(&format!("{name} from the worker"), here * 1e3, "ms");
        if name == "reports" {
            single(&group, &document[0])?;
        }
    }
    Ok(())
}

fn single(group: &Group, report: &Value) -> Outcome {
    let gateway = &group.gateways()[0];
    let out = gateway.remote_exec(COUNT)?;
    let there = seconds(|| {
        for _ in 0..REPORTS {
            out.send(report)?;
        }
        out.send(())?;
        assert_eq!(out.receive()?.as_i64(), Some(i64::from(REPORTS)));
        Ok(())
    })?;
    let rate = f64::from(REPORTS) / there;
    tell("single reports to the worker", rate, "items/s");
    let code = format!(
        "item = channel.receive()\nchannel.receive()\nfor _ in range({REPORTS}): channel.send(item)"
    );
    let back = gateway.remote_exec(&code)?;
    back.send(report)?;
    let here = seconds(|| {
        back.send(1)?;
        for _ in 0..REPORTS {
            back.receive()?;
        }
        Ok(())
    })?;
    let rate = f64::from(REPORTS) / here;
    tell("single reports from the worker", rate, "items/s");
    Ok(())
}

/// The documents that `stock.py documents` wrote.
fn serializer(folder: &Path) -> Outcome {
    for name in ["reports", "ints", "bytes"] {
        let data = std::fs::read(folder.join(name).with_extension("execnet"))?;
        let document = loads(&data)?;
        assert_eq!(
            dumps(&document)?,
            data,
            "{name}: other bytes than stock execnet writes"
        );
        let megabytes = data.len() as f64 / 1e6;
        let dumping = median_of_work(|| Ok(dumps(&document)?))?;
        tell(&format!("dumps {name}"), megabytes / dumping, "MB/s");
        let loading = median_of_work(|| Ok(loads(&data)?))?;
        tell(&format!("loads {name}"), megabytes / loading, "MB/s");
    }
    Ok(())
}

/// The median of as many runs as fit the time that the few of Python take: the machine is as fast as it is for some
/// milliseconds at a time. Dropping the result counts, as it does there.
fn median_of_work<T>(mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let mut times = Vec::new();
    let begun = Instant::now();
    while times.len() < 31 || begun.elapsed() < Duration::from_millis(200) {
        let before = Instant::now();
        drop(work()?);
        times.push(before.elapsed());
    }
    Ok(percentile(&mut times, 50).as_secs_f64())
}
