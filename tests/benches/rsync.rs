//! This project's side of the rsync benchmark, and its worker in Rust. `scripts/bench-rsync` runs it beside rsync, cp
//! and stock execnet. It asserts nothing: a figure is not a test.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    unix::main()
}

#[cfg(unix)]
mod unix {
    use core::error::Error;
    use std::env;
    use std::fs;

    use execnet::rsync::{self, RSync, TargetOptions};
    use execnet::{Gateway, Group, Worker};

    type Outcome<T = ()> = Result<T, Box<dyn Error>>;

    pub(super) fn main() -> Outcome {
        let words: Vec<_> = env::args()
            .skip(1)
            .filter(|word| !word.starts_with("--"))
            .collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["worker"] => serve(),
            ["rust", source, destinations @ ..] => to_rust(source, destinations),
            ["python", python, source, destinations @ ..] => {
                to_python(python, source, destinations)
            }
            _ => {
                println!("run scripts/bench-rsync, which runs this beside rsync");
                Ok(())
            }
        }
    }

    fn serve() -> Outcome {
        let mut worker = Worker::new();
        rsync::register(&mut worker);
        Ok(execnet::serve_stdio(worker)?)
    }

    fn to_rust(source: &str, destinations: &[&str]) -> Outcome {
        let program = env::current_exe()?;
        let program = program.to_str().ok_or("a path that is no text")?;
        sync_to(
            &format!("popen//worker='{program}' worker"),
            source,
            destinations,
        )
    }

    fn to_python(python: &str, source: &str, destinations: &[&str]) -> Outcome {
        sync_to(&format!("popen//python={python}"), source, destinations)
    }

    fn sync_to(spec: &str, source: &str, destinations: &[&str]) -> Outcome {
        let group = Group::new();
        let gateways = group.make_gateways(destinations.iter().map(|_| spec));
        let gateways: Result<Vec<_>, _> = gateways.into_iter().collect();
        sync(source, destinations, &gateways?)
    }

    fn sync(source: &str, destinations: &[&str], gateways: &[Gateway]) -> Outcome {
        let mut rsync = RSync::new(source);
        for (gateway, destination) in gateways.iter().zip(destinations) {
            rsync.add_target(gateway, *destination, TargetOptions::new());
        }
        for target in rsync.send()? {
            if !target.is_complete() {
                return Err(format!("{target:?}").into());
            }
        }
        let (this, workers) = (Spent::by("self")?, workers()?);
        println!(
            "{} {} {} {}",
            this.peak, workers.peak, this.time, workers.time
        );
        Ok(())
    }

    /// What processes took so far.
    #[derive(Default)]
    struct Spent {
        /// The most memory that one of them had, in KiB.
        peak: u64,
        /// The time on a processor of all of them, in milliseconds.
        time: u64,
    }

    impl Spent {
        fn by(pid: &str) -> Outcome<Self> {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            // The name of the program comes first, in brackets, and can have any form.
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            let ticks = fields.split_whitespace().skip(11).take(2);
            let ticks: u64 = ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
            Ok(Self {
                peak: field(&status, "VmHWM:").unwrap_or(0),
                // Linux tells them by the hundredth of a second.
                time: ticks * 10,
            })
        }
    }

    fn workers() -> Outcome<Spent> {
        let this = u64::from(std::process::id());
        let mut all = Spent::default();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            // What is no process, or is gone, has none.
            let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
                continue;
            };
            if field(&status, "PPid:") == Some(this) {
                let one = Spent::by(&entry.file_name().to_string_lossy())?;
                all.peak = all.peak.max(one.peak);
                all.time += one.time;
            }
        }
        Ok(all)
    }

    fn field(status: &str, name: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }
}
