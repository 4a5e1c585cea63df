//! `execnet status`: describes workers.

use core::time::Duration;
use std::time::Instant;

use execnet::{Gateway, GroupOptions, RemoteInfo, StatusError, Value};
use serde_json::json;

use crate::args::{Status, Verbosity};
use crate::escape::{escaped, escaped_json};
use crate::failure::Failure;
use crate::printer::print_line;
use crate::targets::{Runner, Target, print_failure};

/// Number of round trips that are measured. The shortest counts.
const ROUNDS: usize = 3;

pub(crate) fn run(args: &Status, verbosity: Verbosity) -> Result<(), Failure> {
    let targets = Target::all(args.specs.iter().cloned(), &args.targets)?;
    let runner = Runner {
        options: GroupOptions::new(),
        targets: &args.targets,
        limits: &args.limits,
        verbosity,
        json: args.json,
    };
    let targets = targets.into_iter().map(|target| (target, ())).collect();
    runner.on(targets, |gateway, target, ()| {
        let found = Found::request(gateway, args.limits.start_timeout);
        let found = found.map_err(|error| Failure::Gateway(error.into()));
        if let (Err(failure), true) = (&found, args.json) {
            print_failure(target, failure)?;
        }
        let found = found?;
        print_line(&match args.json {
            true => escaped_json(&found.document(target)),
            // The prefix may have colours.
            false => format!("{}{}", target.prefix, escaped(&found.line(target))),
        })
    })
}

/// What a worker has answered.
struct Found {
    info: RemoteInfo,
    status: execnet::Status,
    round_trip: Duration,
}

impl Found {
    fn request(gateway: &Gateway, timeout: Duration) -> Result<Self, StatusError> {
        let info = gateway.remote_info_timeout(timeout)?;
        let mut status = gateway.remote_status_timeout(timeout)?;
        let mut round_trip = Duration::MAX;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            status = gateway.remote_status_timeout(timeout)?;
            round_trip = round_trip.min(begin.elapsed());
        }
        Ok(Self {
            info,
            status,
            round_trip,
        })
    }

    fn line(&self, target: &Target) -> String {
        let Self { info, status, .. } = self;
        let channels = match status.num_channels {
            1 => "1 open channel".to_owned(),
            number => format!("{number} open channels"),
        };
        format!(
            "{}: {} {} on {}, pid {}, cwd {}, round trip {:.2} ms, {channels}",
            target.text,
            info.executable,
            version(&info.version_info),
            info.platform,
            info.pid,
            info.cwd,
            self.round_trip.as_secs_f64() * 1e3,
        )
        .replace('\n', "\\n")
    }

    fn document(&self, target: &Target) -> serde_json::Value {
        let Self { info, status, .. } = self;
        json!({
            "id": target.id,
            "spec": target.text,
            "executable": info.executable,
            "version": version(&info.version_info),
            "platform": info.platform,
            "pid": info.pid,
            "cwd": info.cwd,
            "round_trip": self.round_trip.as_secs_f64(),
            "channels": status.num_channels,
            "executing": status.num_executing,
            "execmodel": status.exec_model,
        })
    }
}

/// A version as Python writes its own: `3.12.1`, `3.14.0rc2`.
fn version(info: &Value) -> String {
    let Value::Tuple(parts) = info else {
        return info.to_string();
    };
    let numbers = parts
        .iter()
        .map_while(Value::as_i64)
        .map(|part| part.to_string());
    let numbers = numbers.collect::<Vec<_>>().join(".");
    let serial = parts.get(4).and_then(Value::as_i64).unwrap_or_default();
    match parts.get(3).and_then(Value::as_str) {
        Some("alpha") => format!("{numbers}a{serial}"),
        Some("beta") => format!("{numbers}b{serial}"),
        Some("candidate") => format!("{numbers}rc{serial}"),
        _ => numbers,
    }
}

#[cfg(test)]
mod tests {
    use execnet::value;

    use super::version;

    #[test]
    fn versions_are_written_as_python_does() {
        for (info, expected) in [
            (value!((3, 12, 1, "final", 0)), "3.12.1"),
            (value!((3, 15, 0, "alpha", 2)), "3.15.0a2"),
            (value!((3, 14, 0, "candidate", 1)), "3.14.0rc1"),
            (value!((0, 1, 0)), "0.1.0"),
            (value!("7"), "'7'"),
        ] {
            assert_eq!(version(&info), expected);
        }
    }
}
