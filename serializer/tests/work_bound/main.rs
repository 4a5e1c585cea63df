//! Work stays within a constant times the input, whatever the input is.
//!
//! Each hostile shape is decoded by every way in, and the values are compared,
//! hashed, printed and dropped. Each of these may take [`BOUND`] times the
//! processor time that loading an ordinary, flat document of the same size takes
//! in the same run. What takes time by the square of the size, or by depth times
//! size, takes hundreds of times that.
//!
//! With `WORK_BOUND_ALL` in the environment and `--nocapture`, each factor is
//! printed. An optimised build measures documents of a mebibyte.

#![cfg(all(
    unix,
    feature = "std",
    feature = "serde",
    feature = "json",
    feature = "literal"
))]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

extern crate alloc;

mod builders;
mod shapes;
mod types;
mod ways;
mod writer;

use core::hint::black_box;
use std::thread::{self, JoinHandle};

use execnet_serializer::{LoadOptions, Tokens};
use rustix::time::{ClockId, clock_gettime};
use shapes::Shape;
use writer::Writer;

/// Times the flat document.
const BOUND: f64 = 20.0;

/// A value counts as this many bytes at the least: those of one byte each cost
/// more for each byte than others.
const VALUE: usize = 3;

/// Bytes of each document.
const SIZE: usize = if cfg!(debug_assertions) {
    1 << 15
} else {
    1 << 20
};

/// The least processor time of a few runs that is taken for real.
const FLOOR: f64 = 1e-3;

/// Runs until one is within the limit: others on the machine may slow a run
/// down. The least of all is given.
fn least(limit: f64, mut run: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..5 {
        let start = seconds();
        run();
        least = least.min(seconds() - start);
        if least <= limit {
            break;
        }
    }
    least
}

/// Processor time of this thread.
fn seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap();
    let seconds = u32::try_from(time.tv_sec).unwrap();
    f64::from(seconds) + f64::from(nanoseconds) / 1e9
}

/// Seconds a byte of a flat document takes to load.
fn unit() -> f64 {
    let bytes = flat();
    let seconds = least(0.0, || {
        drop(black_box(LoadOptions::wire().loads(&bytes).unwrap()))
    });
    seconds / bytes.len() as f64
}

/// A list of what programs send: numbers, names, and records of them.
fn flat() -> Vec<u8> {
    let mut writer = Writer::default();
    let record = |writer: &mut Writer, n: i32| {
        writer.op(b'J');
        for (name, value) in [("name", n), ("count", n % 7)] {
            writer.text(name);
            match name {
                "name" => writer.text(&format!("worker {value}")),
                _ => writer.int(value),
            }
            writer.op(b'P');
        }
    };
    writer.list_to(SIZE, |writer, n| match n % 4 {
        0 => writer.int(n),
        1 => writer.float(f64::from(n) / 3.0),
        2 => writer.text(&format!("text {n}")),
        _ => record(writer, n),
    });
    writer.finish()
}

/// What is measured of one shape, on a stack that is no subject here.
fn measure(shape: &'static Shape, unit: f64) -> JoinHandle<Vec<String>> {
    let measured = move || {
        let bytes = (shape.make)(SIZE);
        assert!(
            bytes.len() <= 2 * SIZE + 200,
            "{}: {} bytes",
            shape.name,
            bytes.len()
        );
        let values = Tokens::new(&bytes).map_while(Result::ok).count();
        let cost = bytes.len().max(VALUE * values) as f64 * unit;
        let mut failed = Vec::new();
        let mut check = |way: &str, times: f64, run: &mut dyn FnMut()| {
            let limit = (cost * times * BOUND).max(FLOOR);
            let took = least(limit, run);
            let factor = took / cost;
            if std::env::var_os("WORK_BOUND_ALL").is_some() {
                println!("{factor:6.1} {}: {way}", shape.name);
            }
            if took > limit {
                failed.push(format!(
                    "{}, {way}: {factor:.0} times a flat document",
                    shape.name
                ));
            }
        };
        ways::decoders(&bytes, &mut check);
        ways::values(&bytes, &mut check);
        failed
    };
    let thread = thread::Builder::new()
        .name(shape.name.into())
        .stack_size(1 << 28);
    thread.spawn(measured).unwrap()
}

#[test]
fn no_shape_costs_more_than_a_constant_for_each_byte() {
    let unit = unit();
    let mut failed = Vec::new();
    // Two at a time, which processor time does not show.
    for shapes in shapes::ALL.chunks(2) {
        let running: Vec<_> = shapes.iter().map(|shape| measure(shape, unit)).collect();
        for measured in running {
            failed.extend(measured.join().unwrap());
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
