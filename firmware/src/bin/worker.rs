//! A worker: functions by name, with channels, on a heap of 20 KiB.
#![no_std]
#![no_main]

extern crate alloc;

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m_rt::entry;
use execnet_core_sync::ReceiveError;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::serial::Listener;
use execnet_core_sync::worker::Kwargs;
use execnet_firmware::heap::Heap;
use execnet_firmware::{Failure, MEMORY, Refused, clock, parts, sleep, stack, uart};
use execnet_serializer::{Dict, Value};

#[global_allocator]
static HEAP: Heap<{ 20 << 10 }> = Heap::new();

/// The buffer for reading, which is allocated once.
const BUFFER: usize = 448;

/// How often the pin was switched on. It outlives calls and connections.
static BLINKS: AtomicU32 = AtomicU32::new(0);
/// Frames of earlier connections.
static FRAMES: AtomicU32 = AtomicU32::new(0);

#[entry]
fn main() -> ! {
    HEAP.start();
    if let Some(core) = cortex_m::Peripherals::take() {
        clock::start(core.SYST);
    }
    let (rx, tx) = uart::start();
    let functions = functions();
    if let Ok(listener) = Listener::new(rx, tx) {
        loop {
            // An error is a damaged byte. The controller begins again.
            if let Ok((reader, writer)) = listener.accept() {
                let config = EndpointConfig::worker_within(MEMORY.load(Ordering::Relaxed));
                let config = config.with_buffer(BUFFER).with_relax(Some(sleep));
                serve(&Endpoint::pollable(reader, writer, config), &functions);
            }
        }
    }
    // The line never fails here. A board whose line does starts again.
    cortex_m::peripheral::SCB::sys_reset()
}

/// The main loop, until the connection ends. A real program reads its sensors here, too.
fn serve(endpoint: &Endpoint, functions: &Functions) {
    while let Ok(progress) = endpoint.poll() {
        let called = endpoint.serve_pending(functions);
        if !progress && !called {
            sleep();
        }
    }
    FRAMES.fetch_add(endpoint.frames_read(), Ordering::Relaxed);
    parts::end();
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions
        .register("blink", blink)
        .register("sum", sum)
        .register("echo", echo)
        .register("sensor", sensor)
        .register("stats", stats);
    parts::register(&mut functions);
    functions
}

/// An argument: by keyword, or else the next item of the channel. Stock Python has no keywords for functions by name.
fn argument(channel: &EndpointChannel, kwargs: &Kwargs, name: &str) -> Result<Value, Failure> {
    match kwargs.get(name) {
        Some(value) => Ok(value.clone()),
        None => Ok(channel.receive()?.into_value()),
    }
}

fn number(channel: &EndpointChannel, kwargs: &Kwargs, name: &str) -> Result<u32, Failure> {
    let value = argument(channel, kwargs, name)?.as_i64();
    let number = value.and_then(|value| u32::try_from(value).ok());
    Ok(number.ok_or(Refused("the argument is not a number from 0 to 4294967295"))?)
}

/// Switches a pin on and off `n` times, and sends how often that was done since the start.
fn blink(channel: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    let n = number(channel, &kwargs, "n")?;
    let before = BLINKS.fetch_add(n, Ordering::Relaxed);
    channel.send(before.wrapping_add(n))?;
    Ok(())
}

/// Sends the sum of a list of ints.
fn sum(channel: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    let values = argument(channel, &kwargs, "values")?;
    let Value::List(values) = values else {
        return Err(Refused("the argument is not a list").into());
    };
    let add = |sum: i64, value: &Value| sum.checked_add(value.as_i64()?);
    let sum = values.iter().try_fold(0, add);
    const REFUSED: Refused =
        Refused("the list has something else than ints, or the sum is too large");
    channel.send(sum.ok_or(REFUSED)?)?;
    Ok(())
}

/// Sends every item back.
fn echo(channel: &EndpointChannel) -> Result<(), Failure> {
    loop {
        match channel.receive() {
            Ok(item) => channel.send(&*item)?,
            Err(ReceiveError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends `count` readings, one every `period` milliseconds, as `(number, milliseconds since the start)`. Ends early if the
/// controller closes the channel.
fn sensor(channel: &EndpointChannel, kwargs: Kwargs) -> Result<(), Failure> {
    let period = number(channel, &kwargs, "period")?;
    let count = number(channel, &kwargs, "count")?;
    let mut last = clock::milliseconds();
    for reading in 0..count {
        while clock::milliseconds().wrapping_sub(last) < period {
            // Finds the end of the channel.
            let progress = channel.endpoint().poll()?;
            if channel.is_closed() {
                return Ok(());
            }
            if !progress {
                sleep();
            }
        }
        last = last.wrapping_add(period);
        channel.send((reading, clock::milliseconds()))?;
    }
    Ok(())
}

/// Sends figures of the heap and the stack, the frames that were read, and the cycles that the processor did not sleep.
fn stats(channel: &EndpointChannel) -> Result<(), Failure> {
    let frames = FRAMES.load(Ordering::Relaxed);
    let bytes = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    let stats: Dict = [
        ("heap", bytes(HEAP.size())),
        ("heap_used", bytes(HEAP.used())),
        ("heap_most", bytes(HEAP.most())),
        ("stack_most", bytes(stack::most())),
        ("allocations", HEAP.allocations().into()),
        (
            "frames",
            frames.wrapping_add(channel.endpoint().frames_read()).into(),
        ),
        ("busy_cycles", clock::busy_cycles().into()),
        ("milliseconds", clock::milliseconds().into()),
    ]
    .into_iter()
    .map(|(name, figure)| (Value::from(name), Value::from(figure)))
    .collect();
    channel.send(Value::Dict(stats))?;
    Ok(())
}
