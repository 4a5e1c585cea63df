//! `execnet rsync`: copies a tree to many gateways, or from a gateway.

mod output;
mod progress;

use core::error::Error;
use std::ffi::OsStr;
use std::thread;

use execnet::rsync::{RSync, Report, SyncError, TargetOptions};
use execnet::{Gateway, Group, GroupOptions, MakeGatewayError, XSpec};

use crate::args::{Rsync, spec};
use crate::failure::Failure;
use crate::workers::{Workers, gateway_failure};
use output::{Output, quoted};
use progress::Progress;

pub(crate) fn run(args: &Rsync) -> Result<(), Failure> {
    let workers = Workers::new(GroupOptions::new(), args.limits.grace);
    workers.run(args.limits.timeout, |workers| match args.from.as_deref() {
        Some([spec, source, destination]) => pull(args, workers.group(), spec, source, destination),
        _ => send(args, workers.group()),
    })
}

fn send(args: &Rsync, group: &Group) -> Result<(), Failure> {
    // Clap requires a source.
    let mut rsync = configure(args, args.source.as_deref().unwrap_or(OsStr::new(".")))?;
    let targets = Target::all(args)?;
    let mut output = Output::new(args.json, args.dry_run);
    let mut failures = Vec::new();
    let mut made = Vec::new();
    let options = TargetOptions::new().with_delete(args.delete);
    for (gateway, target) in make_gateways(group, &targets).into_iter().zip(&targets) {
        match gateway {
            Ok(gateway) => {
                rsync.add_target(&gateway, target.destination, options);
                made.push(target);
            }
            Err(error) => {
                output.without_gateway(target, &error)?;
                failures.push(gateway_failure(error).of(&target.label()));
            }
        }
    }
    if !made.is_empty() {
        let labels = made.iter().map(|target| target.label());
        let progress = Progress::new(labels.collect(), args.json, args.dry_run);
        let reports = rsync.with_callback(progress.callback()).send();
        progress.finish();
        let reports = reports.map_err(|error| Failure::Usage("rsync".into(), error.into()))?;
        for (report, target) in reports.into_iter().zip(&made) {
            let error = report.error.as_ref();
            output.summary(
                target,
                &report.report,
                error.map(|error| error as &dyn Error),
            )?;
            failures.extend(target_failure(target, report.error, &report.report));
        }
    }
    combine(failures, targets.len())
}

fn pull(
    args: &Rsync,
    group: &Group,
    spec: &OsStr,
    source: &OsStr,
    destination: &OsStr,
) -> Result<(), Failure> {
    let rsync = configure(args, source)?;
    let target = Target::new(spec, destination)?;
    let gateway = group.make_gateway(&target.spec).map_err(gateway_failure)?;
    let label = format!("{} {}", quoted(spec), quoted(source));
    let progress = Progress::new(vec![label], args.json, args.dry_run);
    let mut rsync = rsync.with_callback(progress.callback());
    let options = TargetOptions::new().with_delete(args.delete);
    let pulled = rsync.pull(&gateway, destination, options);
    progress.finish();
    let mut output = Output::new(args.json, args.dry_run);
    if let Err(error) = &pulled
        && let Some(report) = error.report()
    {
        output.summary(&target, report, Some(error))?;
    }
    let report = pulled.map_err(pull_failure)?;
    output.summary(&target, &report, None)?;
    let failure = target_failure(&target, None, &report);
    combine(failure.into_iter().collect(), 1)
}

fn configure(args: &Rsync, source: &OsStr) -> Result<RSync, Failure> {
    let mut rsync = RSync::new(source)
        .with_checksum(args.checksum)
        .with_dry_run(args.dry_run)
        .with_special_modes(args.special_modes)
        .with_sparse(args.sparse)
        .with_hard_links(args.hard_links)
        .with_fsync(args.fsync);
    for pattern in &args.exclude {
        let read = rsync.exclude(pattern);
        read.map_err(|error| Failure::Usage(format!("--exclude {pattern}"), error.into()))?;
    }
    if let Some(links) = args.links {
        rsync = rsync.with_links(links.into());
    }
    if let Some(bytes) = args.max_file_size {
        rsync = rsync.with_max_file_size(bytes);
    }
    if let Some(entries) = args.max_entries {
        rsync = rsync.with_max_entries(entries);
    }
    if let Some(timeout) = args.idle_timeout {
        rsync = rsync.with_idle_timeout(Some(timeout));
    }
    Ok(rsync)
}

/// A gateway and the path there; for a pull, the path on this machine.
struct Target<'a> {
    spec: XSpec,
    /// The spec as it was typed.
    text: &'a OsStr,
    destination: &'a OsStr,
}

impl<'a> Target<'a> {
    fn new(text: &'a OsStr, destination: &'a OsStr) -> Result<Self, Failure> {
        let read = spec(text);
        let spec = read.map_err(|error| Failure::Usage(format!("spec {text:?}"), error.into()))?;
        Ok(Self {
            spec,
            text,
            destination,
        })
    }

    /// The targets of a push, which clap accepts in pairs.
    fn all(args: &'a Rsync) -> Result<Vec<Self>, Failure> {
        let pairs = args.to.chunks_exact(2);
        pairs.map(|pair| Self::new(&pair[0], &pair[1])).collect()
    }

    fn label(&self) -> String {
        format!("{} {}", quoted(self.text), quoted(self.destination))
    }
}

/// Makes all gateways at the same time: a host that does not answer holds up no other.
fn make_gateways(group: &Group, targets: &[Target<'_>]) -> Vec<Result<Gateway, MakeGatewayError>> {
    thread::scope(|scope| {
        let making: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || group.make_gateway(&target.spec)))
            .collect();
        let joined = making.into_iter().map(|making| {
            making
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}

/// Why a target is not as the source is, if it is not.
fn target_failure(
    target: &Target<'_>,
    error: Option<SyncError>,
    report: &Report,
) -> Option<Failure> {
    let label = target.label();
    match (error, report.failed.len()) {
        (Some(error), _) if error.is_destination() => Some(Failure::Usage(label, error.into())),
        (Some(error), _) => Some(Failure::Gateway(error.into()).of(&label)),
        (None, 0) => None,
        (None, failed) => Some(Failure::Data(format!("{label}: {failed} failed").into())),
    }
}

/// Reports all failures but the last, which becomes that of the command: with several targets, a partial one.
fn combine(mut failures: Vec<Failure>, targets: usize) -> Result<(), Failure> {
    let Some(last) = failures.pop() else {
        return Ok(());
    };
    failures.iter().for_each(Failure::report);
    Err(if targets > 1 { last.partial() } else { last })
}

fn pull_failure(error: SyncError) -> Failure {
    if error.is_limit() {
        Failure::Data(format!("{error}; raise --max-entries").into())
    } else if error.is_source() || error.is_destination() {
        Failure::Usage("rsync".into(), error.into())
    } else {
        Failure::Gateway(error.into())
    }
}
