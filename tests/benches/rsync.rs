//! This project's side of the rsync benchmark, and its worker in Rust. `scripts/bench-rsync` runs it beside rsync, cp
//! and stock execnet. Nothing here is ever asserted: a figure is no test.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    unix::main()
}

#[cfg(unix)]
mod unix {
    extern crate alloc;

    use alloc::sync::Arc;
    use core::error::Error;
    use std::env;
    use std::fs;
    use std::io;
    use std::process::{Child, Command, Stdio};

    use execnet::link::{Link, NoControl};
    use execnet::rsync::{self, RSync, TargetOptions};
    use execnet::{Gateway, GatewayConfig, Group, Role, Worker};

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
        let link = Link::from_std(
            io::stdin(),
            fs::File::create("/dev/stdout")?,
            Arc::new(NoControl),
        );
        Ok(worker.serve(link)?)
    }

    fn to_python(python: &str, source: &str, destinations: &[&str]) -> Outcome {
        let group = Group::new();
        let spec = format!("popen//python={python}");
        let gateways = destinations
            .iter()
            .map(|_| group.makegateway(spec.as_str()));
        sync(
            source,
            destinations,
            &gateways.collect::<Result<Vec<_>, _>>()?,
        )
    }

    fn to_rust(source: &str, destinations: &[&str]) -> Outcome {
        let workers = destinations.iter().map(|_| start_worker());
        let (gateways, children): (Vec<_>, Vec<_>) =
            workers.collect::<Outcome<Vec<_>>>()?.into_iter().unzip();
        sync(source, destinations, &gateways)?;
        gateways.iter().for_each(Gateway::exit);
        for mut child in children {
            child.wait()?;
        }
        Ok(())
    }

    fn start_worker() -> Outcome<(Gateway, Child)> {
        let mut command = Command::new(env::current_exe()?);
        command
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
            return Err("a child without its pipes".into());
        };
        let link = Link::from_std(output, input, Arc::new(NoControl));
        Ok((
            Gateway::new(link, GatewayConfig::new("rust", Role::Initiator))?,
            child,
        ))
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
        println!("{} {}", peak("self")?, worker_peak()?);
        Ok(())
    }

    /// The most memory a process had so far, in KiB.
    fn peak(pid: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        Ok(field(&status, "VmHWM:").unwrap_or(0))
    }

    /// That of the worker that had most.
    fn worker_peak() -> Outcome<u64> {
        let this = u64::from(std::process::id());
        let mut most = 0;
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path().join("status");
            // What is no process, or is gone, has none.
            let Ok(status) = fs::read_to_string(path) else {
                continue;
            };
            if field(&status, "PPid:") == Some(this) {
                most = most.max(field(&status, "VmHWM:").unwrap_or(0));
            }
        }
        Ok(most)
    }

    fn field(status: &str, name: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }
}
