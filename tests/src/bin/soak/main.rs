//! Random traffic between stock execnet and us, both ways at the same time.
//!
//! ```text
//! cargo run --release -p execnet-tests --bin soak -- MINUTES [SEED] [EXECNET]
//! ```
//!
//! One half is a stock controller (`tests/stock/soak.py`) with a worker in Rust, which this program is as well; the other
//! half our controller with a stock worker. Each has four threads that hold one conversation after the other: random
//! values there and back, callbacks on either side, channels inside of items, channels closed and dropped in the middle,
//! errors. Every item is accounted for; at the end neither side may have a channel left, or have grown by more than a
//! quarter and 8 MiB since the first tenth of the time; with `EXECNET_SOAK_MEMORY=any` set they may, for short runs.

mod controller;
mod values;
mod worker;

use core::error::Error;
use core::time::Duration;
use std::env;
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::thread;

use execnet_tests::stock::{RELEASES, Release, root};

fn main() -> ExitCode {
    // A stock controller starts its worker as a Python, with the options of one.
    let done = match env::args().nth(1).as_deref() {
        Some("-u") => worker::serve(),
        _ => soak(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let minutes: f64 = arguments.next().ok_or("how many minutes?")?.parse()?;
    let time = Duration::try_from_secs_f64(minutes * 60.0)?;
    let seed: u64 = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let release = release(arguments.next().as_deref())?;
    let python = release.python().ok_or("there is no such execnet")?;
    println!("{minutes} minutes with seed {seed} and execnet {release}");
    let stock = start_stock(&python, time, seed)?;
    let waiting = thread::spawn(move || stock.wait_with_output());
    let ours = controller::run(&python, time, seed);
    let stock = waiting
        .join()
        .map_err(|_| "the wait for the stock controller failed")??;
    ours.map_err(|error| format!("our controller and stock worker: {error}"))?;
    match stock.status.success() {
        true => Ok(()),
        false => Err("stock controller and worker in Rust: see above".into()),
    }
}

fn release(name: Option<&str>) -> Result<Release, Box<dyn Error>> {
    let Some(name) = name else {
        return Ok(RELEASES[0]);
    };
    let found = RELEASES.iter().find(|release| release.to_string() == name);
    Ok(*found.ok_or("no release of this name is known")?)
}

fn start_stock(python: &Path, time: Duration, seed: u64) -> Result<Child, Box<dyn Error>> {
    let mut command = Command::new(python);
    command
        .arg("-u")
        .arg(root().join("tests/stock/soak.py"))
        .arg(env::current_exe()?)
        .args([time.as_secs_f64().to_string(), seed.to_string()]);
    Ok(command.spawn()?)
}
