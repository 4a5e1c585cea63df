//! How the cost of a unit of work changes with the amount of work: `growth SIDE MEASURE N` prints the seconds that one
//! unit takes among N, as JSON objects. `scripts/bench-growth` chooses the amounts, runs `stock_growth.py` beside this
//! program, and makes the table of `docs/benchmarks.md`. It asserts nothing: a figure is not a test.
//!
//! SIDE is `rust`, for which this program is its own worker; `python PYTHON`; or `codec`, for containers without a
//! worker.

#[cfg(unix)]
mod channels;
#[cfg(unix)]
mod containers;
#[cfg(unix)]
mod cost;
#[cfg(unix)]
#[path = "../figures/mod.rs"]
#[allow(
    dead_code,
    reason = "other benchmarks use the rest of what they have in common"
)]
mod figures;
#[cfg(unix)]
mod gateways;
#[cfg(unix)]
mod items;
#[cfg(unix)]
mod sync;
#[cfg(unix)]
mod workers;

#[cfg(unix)]
use unix::{Outcome, call, call_all, call_with, gateway, group, round_trip};

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> Outcome {
    unix::main()
}

#[cfg(unix)]
mod unix {
    use std::env;

    use execnet::serializer::Dict;
    use execnet::{Channel, Gateway, Group, Item, MultiChannel, value};

    use super::cost::Cost;
    pub(super) use super::figures::Outcome;
    use super::{channels, containers, gateways, items, sync, workers};

    /// Calls before what is measured.
    const WARM_UP: u32 = 20;

    pub(super) fn main() -> Outcome {
        // `cargo bench` passes an option of its own to every benchmark.
        let words = env::args().skip(1).filter(|word| !word.starts_with("--"));
        let words: Vec<_> = words.collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let cost = match words.as_slice() {
            ["worker"] => return workers::serve(),
            ["codec", kind, n] => containers::codec(kind, n.parse()?)?,
            ["rust", words @ ..] => cost(&rust()?, words)?,
            ["python", python, words @ ..] => cost(&format!("popen//python={python}"), words)?,
            _ => {
                println!("run scripts/bench-growth, which runs this beside stock execnet");
                return Ok(());
            }
        };
        cost.tell();
        Ok(())
    }

    /// The spec of a worker that is this program.
    fn rust() -> Outcome<String> {
        let program = env::current_exe()?;
        let program = program.to_str().ok_or("a path that is not UTF-8")?;
        Ok(format!("popen//worker='{program}' worker"))
    }

    fn cost(spec: &str, words: &[&str]) -> Outcome<Cost> {
        match words {
            ["sync", source, destination] => sync::measure(spec, source, destination),
            [measure, n] => cost_of(spec, measure, n.parse()?),
            _ => Err(format!("no measure takes {words:?}").into()),
        }
    }

    fn cost_of(spec: &str, measure: &str, n: u32) -> Outcome<Cost> {
        match measure {
            "open" => channels::open(spec, n),
            "life" => channels::life(spec, n),
            "gateways" => gateways::made(spec, n),
            "size" => items::size(spec, n),
            "queue" => items::queue(spec, n),
            "waiters" => items::waiters(spec, n),
            "threads" => items::threads(spec, n),
            "hops" => gateways::hops(spec, n),
            "hops-size" => gateways::hops_size(spec, n),
            "members" => gateways::members(spec, n),
            "receivers" => gateways::receivers(spec, n),
            kind => containers::echo(spec, kind, n),
        }
    }

    /// The call of a function of the worker's.
    pub(super) fn call(gateway: &Gateway, name: &str) -> Outcome<Channel> {
        Ok(gateway.remote_exec_function(workers::source(name), name, &Dict::new())?)
    }

    /// As [`call`], with the argument `n`.
    pub(super) fn call_with(gateway: &Gateway, name: &str, n: u32) -> Outcome<Channel> {
        let kwargs: Dict = [(value!("n"), value!(n))].into_iter().collect();
        Ok(gateway.remote_exec_function(workers::source(name), name, &kwargs)?)
    }

    /// Calls a function of all workers of the group, and gives what each answers.
    pub(super) fn call_all(group: &Group, name: &str) -> Outcome<Vec<Item>> {
        let called = group.remote_exec_function(workers::source(name), name, &Dict::new());
        let channels: MultiChannel = called.into_iter().collect::<Result<_, _>>()?;
        let received = channels.receive_each().into_iter();
        Ok(received.collect::<Result<_, _>>()?)
    }

    /// A group of one.
    pub(super) fn gateway(spec: &str) -> Outcome<(Group, Gateway)> {
        let group = group(spec, 1)?;
        let gateway = group.nth(0).ok_or("no gateway")?;
        Ok((group, gateway))
    }

    /// A group whose members have run something.
    pub(super) fn group(spec: &str, n: u32) -> Outcome<Group> {
        let group = Group::new();
        for made in group.make_gateways((0..n).map(|_| spec)) {
            made?;
        }
        for _ in 0..WARM_UP {
            call_all(&group, "warm")?;
        }
        Ok(group)
    }

    /// An int there and back.
    pub(super) fn round_trip(channel: &Channel) -> Outcome {
        channel.send(1)?;
        channel.receive()?;
        Ok(())
    }
}
