//! `execnet rsync`: one tree to many gateways, or from one to here.

mod output;
mod progress;

use std::thread;

use execnet::rsync::{RSync, RSyncError, Report, TargetOptions};
use execnet::{Gateway, Group, GroupOptions, XSpec};

use crate::args::{Rsync, spec};
use crate::failure::Failure;
use crate::workers::Workers;
use output::Output;
use progress::Progress;

pub(crate) fn run(args: &Rsync) -> Result<(), Failure> {
    let workers = Workers::new(GroupOptions::default(), args.run.grace);
    workers.run(args.run.timeout, |group| match args.from.as_deref() {
        Some([spec, source, destination]) => pull(args, group, spec, source, destination),
        _ => send(args, group),
    })
}

fn send(args: &Rsync, group: &Group) -> Result<(), Failure> {
    // Clap has seen to it that there is a source, and that targets come in pairs.
    let mut rsync = configured(args, args.source.as_deref().unwrap_or("."))?;
    let targets: Vec<_> = args
        .to
        .chunks_exact(2)
        .map(|pair| (&pair[0], &pair[1]))
        .collect();
    let specs = targets
        .iter()
        .map(|(spec, _)| read_spec(spec))
        .collect::<Result<Vec<_>, _>>()?;
    let options = TargetOptions::new().delete(args.delete);
    for (gateway, (_, destination)) in make_all(group, &specs)?.iter().zip(&targets) {
        rsync.add_target(gateway, destination.as_str(), options);
    }
    let labels = targets
        .iter()
        .map(|(spec, destination)| format!("{spec} {destination}"));
    let progress = Progress::new(labels.collect(), args.json, args.dry_run);
    rsync.callback(progress.callback());
    let reports = rsync.send();
    progress.finish();
    let mut output = Output::new(args.json, args.dry_run);
    let mut incomplete = None;
    for (target, (spec, _)) in reports.map_err(not_synced)?.into_iter().zip(&targets) {
        let destination = target.destination.display().to_string();
        let error = target.error.as_ref();
        output.summary(spec, &destination, &target.report, error)?;
        incomplete = worse(incomplete, &target.report, spec);
        if let Some(error) = target.error {
            let failure = Failure::Gateway(error.into()).of(spec);
            // The last one ends the program; the others are told of here.
            if let Some(before) = incomplete.replace(failure) {
                before.report();
            }
        }
    }
    incomplete.map_or(Ok(()), Err)
}

fn pull(
    args: &Rsync,
    group: &Group,
    spec: &str,
    source: &str,
    destination: &str,
) -> Result<(), Failure> {
    let mut rsync = configured(args, source)?;
    let gateways = make_all(group, &[read_spec(spec)?])?;
    let progress = Progress::new(vec![format!("{spec} {source}")], args.json, args.dry_run);
    rsync.callback(progress.callback());
    let options = TargetOptions::new().delete(args.delete);
    let pulled = gateways
        .first()
        .map(|gateway| rsync.pull(gateway, destination, options));
    progress.finish();
    let Some(pulled) = pulled else { return Ok(()) };
    let mut output = Output::new(args.json, args.dry_run);
    if let Err(RSyncError::Sync(error)) = &pulled
        && let Some(report) = error.report()
    {
        output.summary(spec, destination, report, Some(error))?;
    }
    let report = pulled.map_err(not_synced)?;
    output.summary(spec, destination, &report, None)?;
    worse(None, &report, spec).map_or(Ok(()), Err)
}

fn configured(args: &Rsync, source: &str) -> Result<RSync, Failure> {
    let mut rsync = RSync::new(source);
    rsync.checksum(args.checksum).dry_run(args.dry_run);
    for pattern in &args.exclude {
        let read = rsync.exclude(pattern);
        read.map_err(|error| Failure::Usage(format!("--exclude {pattern}"), error.into()))?;
    }
    Ok(rsync)
}

fn read_spec(text: &str) -> Result<XSpec, Failure> {
    spec(text.as_ref()).map_err(|error| Failure::Usage(format!("spec {text:?}"), error.into()))
}

/// All at once: each takes the time that an interpreter takes to start, or that a host is away.
fn make_all(group: &Group, specs: &[XSpec]) -> Result<Vec<Gateway>, Failure> {
    let made: Vec<_> = thread::scope(|scope| {
        let making: Vec<_> = specs
            .iter()
            .map(|spec| scope.spawn(move || group.makegateway(spec)))
            .collect();
        let joined = making.into_iter().map(|making| {
            making
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    });
    made.into_iter()
        .map(|made| made.map_err(super::not_made))
        .collect()
}

fn worse(before: Option<Failure>, report: &Report, spec: &str) -> Option<Failure> {
    let failed = report.failed.len();
    if failed == 0 {
        return before;
    }
    before.or_else(|| Some(Failure::Data(format!("{spec}: {failed} failed").into())))
}

fn not_synced(error: RSyncError) -> Failure {
    match error {
        RSyncError::Sync(error) => Failure::Gateway(error.into()),
        RSyncError::Source { .. } | RSyncError::Destination { .. } => {
            Failure::Usage("rsync".into(), error.into())
        }
        error => Failure::Gateway(error.into()),
    }
}
