//! Our controller with a stock worker.

use core::error::Error;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::serializer::StrConfig;
use execnet::{Channel, Gateway, Group, Item, ReceiveError, Value};

use crate::memory::{self, Heap, Held};
use crate::values::Random;

const TIMEOUT: Duration = Duration::from_secs(60);
const THREADS: u64 = 4;

type Failed = Box<dyn Error + Send + Sync>;
type Outcome = Result<(), Failed>;

/// What went over.
#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
    cut_off: AtomicU64,
    conversations: [AtomicU64; KINDS.len()],
}

impl Counts {
    fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

type Kind = fn(&Gateway, &mut Random, &Counts) -> Outcome;

const KINDS: [(&str, Kind); 6] = [
    ("echo", echo),
    ("callback", callback),
    ("pass_channels", pass_channels),
    ("remote_callback", remote_callback),
    ("close_early", close_early),
    ("fail", fail),
];

/// Exchanges items for the given time, with a pause after each round. Prints the traffic, and returns the memory that
/// both ends held in the pauses.
///
/// # Errors
///
/// Something did not come as it should.
pub(crate) fn run(
    python: &Path,
    time: Duration,
    rounds: u32,
    seed: u64,
) -> Result<Vec<Held>, Failed> {
    let group = Group::new();
    let spec = format!("popen//bootstrap=execnet//python={}", python.display());
    let gateway = group.make_gateway(spec)?;
    // What was bytes comes back as bytes from a Python 2 as well.
    gateway.reconfigure(StrConfig::STORED)?;
    let mut randoms: Vec<_> = (0..THREADS).map(|n| Random::new(seed + n)).collect();
    let (counts, began, mut seen) = (Counts::default(), Instant::now(), Vec::new());
    for round in 1..=rounds {
        talk_all(
            &gateway,
            &mut randoms,
            &counts,
            began + time * round / rounds,
        )?;
        is_quiet(&gateway)?;
        for held in look(&gateway, began.elapsed())? {
            println!("{held}");
            seen.push(held);
        }
    }
    group.terminate_timeout(TIMEOUT);
    let talked = began.elapsed().as_secs();
    println!(
        "our controller and stock worker, {talked} s: {}",
        told(&counts)
    );
    Ok(seen)
}

/// What both ends hold.
fn look(gateway: &Gateway, after: Duration) -> Result<[Held; 2], Failed> {
    let source = "
        import gc, sys
        gc.collect()
        channel.send(getattr(sys, 'getallocatedblocks', lambda: 0)())
        ";
    let item = gateway.remote_exec(source)?.receive_timeout(TIMEOUT)?;
    let blocks = item.as_i64().ok_or("not a number")?.try_into()?;
    let pid = gateway.remote_info_timeout(TIMEOUT)?.pid;
    let held = |end, pid, heap| -> Result<_, Failed> {
        Ok(Held {
            end,
            after: after.as_secs(),
            resident: memory::resident(pid)?,
            heap,
        })
    };
    let of_python = Heap { blocks, bytes: 0 };
    Ok([
        held("controller in Rust", std::process::id(), memory::heap())?,
        held("stock worker", pid, of_python)?,
    ])
}

fn told(counts: &Counts) -> String {
    let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut text = format!(
        "received {}, sent {}, cut_off {}",
        load(&counts.received),
        load(&counts.sent),
        load(&counts.cut_off)
    );
    for ((name, _), counter) in KINDS.iter().zip(&counts.conversations) {
        text += &format!(", {name} {}", load(counter));
    }
    text
}

/// One thread for each of `randoms`.
fn talk_all(gateway: &Gateway, randoms: &mut [Random], counts: &Counts, until: Instant) -> Outcome {
    thread::scope(|scope| {
        let talks: Vec<_> = randoms
            .iter_mut()
            .map(|random| scope.spawn(move || talk(gateway, random, counts, until)))
            .collect();
        talks.into_iter().try_for_each(|talk| {
            let talked = talk.join();
            talked.unwrap_or_else(|_| Err("a conversation panicked".into()))
        })
    })
}

fn talk(gateway: &Gateway, random: &mut Random, counts: &Counts, until: Instant) -> Outcome {
    while Instant::now() < until {
        let kind = random.below(KINDS.len() as u64) as usize;
        let (name, converse) = KINDS[kind];
        converse(gateway, random, counts).map_err(|error| format!("{name}: {error}"))?;
        Counts::add(&counts.conversations[kind], 1);
    }
    Ok(())
}

/// No code runs there, and no channel is left, there or here.
fn is_quiet(gateway: &Gateway) -> Outcome {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let status = gateway.remote_status_timeout(TIMEOUT)?;
        let here = gateway.to_string();
        let idle = status.num_executing == 0 && status.num_channels == 0;
        if idle && here.contains(" 0 active channels") {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("left behind: {status:?}, {here}").into());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn expect(channel: &Channel, expected: &Value) -> Outcome {
    let item = channel.receive_timeout(TIMEOUT)?;
    match item.as_ref() == expected {
        true => Ok(()),
        false => Err(format!("{} and not {expected}", item.as_ref()).into()),
    }
}

/// All values come back as they went.
fn echo(gateway: &Gateway, random: &mut Random, counts: &Counts) -> Outcome {
    let channel = gateway.remote_exec("for item in channel: channel.send(item)")?;
    let values: Vec<Value> = (0..1 + random.below(40)).map(|_| random.value(3)).collect();
    for value in &values {
        channel.send(value)?;
    }
    for value in &values {
        expect(&channel, value)?;
    }
    channel.close();
    Counts::add(&counts.sent, values.len() as u64);
    Counts::add(&counts.received, values.len() as u64);
    Ok(())
}

fn callback(gateway: &Gateway, random: &mut Random, counts: &Counts) -> Outcome {
    let count = random.below(200);
    let source = format!("for number in range({count}): channel.send(number)");
    let (items, taken) = mpsc::channel();
    let channel = gateway.remote_exec(&source)?;
    channel.set_callback_with_end_marker(move |item: Option<Item>| {
        let _ = items.send(item.map(Item::into_value));
    })?;
    for number in 0..count {
        if taken.recv_timeout(TIMEOUT)? != Some(Value::from(number)) {
            return Err(format!("not {number}").into());
        }
    }
    match taken.recv_timeout(TIMEOUT)? {
        None => Counts::add(&counts.received, count),
        Some(item) => return Err(format!("{item} beyond the end").into()),
    }
    // A stock worker reports no end on a channel that was dropped before.
    drop(channel);
    Ok(())
}

fn pass_channels(gateway: &Gateway, random: &mut Random, counts: &Counts) -> Outcome {
    let count = random.below(30);
    let source = format!(
        "others = channel.receive()['some']\nfor number in range({count}):\n    for other in others: other.send(number)\n\
         for other in others: other.close()"
    );
    let channel = gateway.remote_exec(&source)?;
    let others: Result<Vec<_>, _> = (0..=random.below(5))
        .map(|_| gateway.new_channel())
        .collect();
    let others = others?;
    let ids = others.iter().map(|other| Value::Channel(other.id()));
    let item = Value::Tuple(ids.collect());
    channel.send(Value::Dict([("some".into(), item)].into_iter().collect()))?;
    for other in &others {
        for number in 0..count {
            expect(other, &Value::from(number))?;
        }
        if !matches!(other.receive_timeout(TIMEOUT), Err(ReceiveError::Closed)) {
            return Err("more than was sent".into());
        }
    }
    channel.wait_close_timeout(TIMEOUT)?;
    Counts::add(&counts.sent, 1);
    Counts::add(&counts.received, count * others.len() as u64);
    Ok(())
}

fn remote_callback(gateway: &Gateway, random: &mut Random, counts: &Counts) -> Outcome {
    let source = "
        numbers, total = channel.receive(), [0]
        def add(number):
            total[0] += number
            channel.send(total[0])
        numbers.setcallback(add)
        numbers.waitclose()
        ";
    let (channel, numbers) = (gateway.remote_exec(source)?, gateway.new_channel()?);
    channel.send(&numbers)?;
    let mut total = 0;
    for _ in 0..1 + random.below(30) {
        let number = random.below(1000);
        numbers.send(number)?;
        total += number;
        expect(&channel, &Value::from(total))?;
        Counts::add(&counts.sent, 1);
        Counts::add(&counts.received, 1);
    }
    numbers.close();
    Ok(channel.wait_close_timeout(TIMEOUT)?)
}

/// What was received is a beginning of what was sent; the rest is cut off.
fn close_early(gateway: &Gateway, random: &mut Random, counts: &Counts) -> Outcome {
    let source = "
        try:
            for number in range(1000): channel.send(number)
        except (IOError, OSError): pass
        ";
    let channel = gateway.remote_exec(source)?;
    let wanted = random.below(50);
    for number in 0..wanted {
        expect(&channel, &Value::from(number))?;
    }
    if random.below(2) == 0 {
        channel.close();
    }
    Counts::add(&counts.received, wanted);
    Counts::add(&counts.cut_off, 1);
    Ok(())
}

fn fail(gateway: &Gateway, _random: &mut Random, _counts: &Counts) -> Outcome {
    let channel = gateway.remote_exec("raise ValueError('on purpose')")?;
    match channel.receive_timeout(TIMEOUT) {
        Err(ReceiveError::Remote(error)) if error.text().contains("on purpose") => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}
