//! Random traffic between stock execnet and this project, in both roles at the same time.
//!
//! ```text
//! cargo run --release -p execnet-tests --bin soak -- MINUTES [SEED] [EXECNET]
//! ```
//!
//! One half is a stock controller (`tests/stock/soak.py`) with a worker in Rust, which is this program too; the other
//! half is our controller with a stock worker. Each has four threads that hold one conversation after the other: random
//! values there and back, callbacks on either side, channels in items, channels closed and dropped in the middle,
//! errors. Every item is accounted for. Once a minute all conversations end: then neither side may have a channel left,
//! and what each end holds is measured. It must not grow: see [`memory`].

mod controller;
mod memory;
mod values;
mod worker;

use core::error::Error;
use core::time::Duration;
use std::env;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::thread;

use execnet_test_support::{RELEASES, Release, root};

use crate::memory::Held;

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
    let arenas = env::var("MALLOC_ARENA_MAX").map(|number| format!(", MALLOC_ARENA_MAX={number}"));
    let arenas = arenas.unwrap_or_default();
    println!("{minutes} minutes with seed {seed} and execnet {release}{arenas}");
    // One a minute; more in a short run, for something to compare, and fewer in a long one, for readers.
    let rounds = (minutes as u32).clamp(6, 60);
    let mut stock = start_stock(&python, time, rounds, seed)?;
    let told = stock.stdout.take().ok_or("no output to read")?;
    let listening = thread::spawn(move || listen(told));
    let ours = controller::run(&python, time, rounds, seed);
    let of_stock = listening
        .join()
        .map_err(|_| "listening to the stock controller failed")??;
    let status = stock.wait()?;
    let ours = ours.map_err(|error| format!("our controller and stock worker: {error}"))?;
    if !status.success() {
        return Err("stock controller and worker in Rust: see above".into());
    }
    memory::judge(&[ours, of_stock].concat())?;
    println!("every item is accounted for, and no memory grows");
    Ok(())
}

/// Passes on what the stock controller tells, and gives what it saw both ends hold.
fn listen(told: ChildStdout) -> io::Result<Vec<Held>> {
    let mut seen = Vec::new();
    for line in BufReader::new(told).lines() {
        let line = line?;
        println!("{line}");
        seen.extend(Held::parse(&line));
    }
    Ok(seen)
}

fn release(name: Option<&str>) -> Result<Release, Box<dyn Error>> {
    let Some(name) = name else {
        return Ok(RELEASES[0]);
    };
    let found = RELEASES.iter().find(|release| release.to_string() == name);
    Ok(*found.ok_or("no release of this name is known")?)
}

fn start_stock(
    python: &Path,
    time: Duration,
    rounds: u32,
    seed: u64,
) -> Result<Child, Box<dyn Error>> {
    let mut command = Command::new(python);
    command
        .arg("-u")
        .arg(root().join("tests/stock/soak.py"))
        .arg(env::current_exe()?)
        .args([
            time.as_secs_f64().to_string(),
            rounds.to_string(),
            seed.to_string(),
        ])
        .stdout(Stdio::piped());
    Ok(command.spawn()?)
}
