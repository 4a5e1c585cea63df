//! How long gateways take to start, and a large group to end. `scripts/bench-start` writes the output to
//! `docs/benchmarks.md`. It asserts nothing: a figure is not a test.

use core::error::Error;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Instant;

use execnet::Group;

/// Number of starts of each kind, of which the median is printed.
const ROUNDS: usize = 31;

/// The same over a slow link.
const FAR_ROUNDS: usize = 9;

/// Gateways of the large group.
const MANY: usize = 32;

/// The kernel counts the time of processes in these.
const TICK: Duration = Duration::from_millis(10);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo bench` and `cargo test` pass options of their own to every benchmark.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [python] => near(python),
        [python, "far"] => far(python),
        _ => {
            println!("run scripts/bench-start, which runs this");
            Ok(())
        }
    }
}

fn near(python: &str) -> Outcome<()> {
    let spec = format!("popen//python={python}");
    let rust = concat!(
        "popen//worker=",
        env!("CARGO_BIN_EXE_own-worker"),
        " --execnet-worker"
    );
    let mut starts = Starts::default();
    // In turns, so that all see the same machine.
    for _ in 0..ROUNDS {
        starts.bare.push(bare(python)?);
        starts.python.push(first_item(&spec, "channel.send(1)")?);
        starts.rust.push(first_answer(rust)?);
    }
    starts.tell();
    many(&spec)
}

#[derive(Default)]
struct Starts {
    bare: Vec<Duration>,
    python: Vec<Duration>,
    rust: Vec<Duration>,
}

impl Starts {
    fn tell(self) {
        let [bare, python, rust] = [self.bare, self.python, self.rust].map(median);
        println!("| what | time | mark |\n|---|---:|---|");
        println!("| `python -c pass` | {bare:.2?} | |");
        let ratio = python.as_secs_f64() / bare.as_secs_f64();
        println!(
            "| first item of a Python gateway by popen | {python:.2?} | {ratio:.2} times `python -c pass`; 1.35 is wanted |"
        );
        println!(
            "| first answer of a worker in Rust by popen | {rust:.2?} | below 5 ms is wanted |"
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// An interpreter that does nothing.
fn bare(python: &str) -> Outcome<Duration> {
    let began = Instant::now();
    Command::new(python).args(["-c", "pass"]).status()?;
    Ok(began.elapsed())
}

fn first_item(spec: &str, source: &str) -> Outcome<Duration> {
    let group = Group::new();
    let began = Instant::now();
    let channel = group.make_gateway(spec)?.remote_exec(source)?;
    channel.receive()?;
    Ok(began.elapsed())
}

fn first_answer(spec: &str) -> Outcome<Duration> {
    let group = Group::new();
    let arguments = [("n".into(), 5.into())].into_iter().collect();
    let began = Instant::now();
    let gateway = group.make_gateway(spec)?;
    let channel = gateway.remote_exec_function("", "factorial", &arguments)?;
    channel.receive()?;
    Ok(began.elapsed())
}

/// The program sent as it is and compressed, to a worker behind a link that takes its time.
fn far(python: &str) -> Outcome<()> {
    // The same link for both: see `far/kubectl`.
    let plain = format!("cmd=kubectl exec -i pod --//python={python}");
    let packed = format!("kubectl=pod//python={python}");
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..FAR_ROUNDS {
        for (times, spec) in times.iter_mut().zip([&plain, &packed]) {
            times.push(first_item(spec, "channel.send(1)")?);
        }
    }
    let [plain, packed] = times.map(median);
    let mbits = std::env::var("LINK_MBITS")?;
    println!("| {mbits} Mbit/s | {plain:.2?} | {packed:.2?} |");
    Ok(())
}

/// A group that is started and ended, beside the processor time that its workers used for that.
fn many(spec: &str) -> Outcome<()> {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let before = processor_time()?;
    let group = Group::new();
    let began = Instant::now();
    for made in group.make_gateways([spec; MANY]) {
        made?;
    }
    let started = began.elapsed();
    let began = Instant::now();
    group.terminate();
    let ended = began.elapsed();
    let used = processor_time()? - before;
    let least = used / u32::try_from(cores)?;
    let ratio = (started + ended).as_secs_f64() / least.as_secs_f64();
    println!(
        "| {MANY} gateways by popen, from the start to the end of all | {:.2?} + {ended:.2?} | {ratio:.2} times the \
         {used:.2?} of processor time on {cores} cores; 1.3 is wanted |",
        started
    );
    Ok(())
}

/// What this process and the children that it has waited for have used.
fn processor_time() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Behind the name, which may hold anything: 11 fields, then four times.
    let (_, fields) = stat
        .rsplit_once(") ")
        .ok_or("an unknown form of /proc/self/stat")?;
    let times = fields.split(' ').skip(11).take(4).map(str::parse::<u32>);
    let ticks: Result<u32, _> = times.sum();
    Ok(TICK * ticks?)
}
