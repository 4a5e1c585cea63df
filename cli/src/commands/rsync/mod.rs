//! `execnet rsync`: copies a tree to many gateways, or from a gateway.

mod output;
mod progress;

use std::ffi::{OsStr, OsString};
use std::thread;

use execnet::rsync::{RSync, Report, SyncError, TargetOptions};
use execnet::{Gateway, GroupOptions, XSpec};

use crate::args::{Direction, Pull, Push, Rsync, SyncOptions, TimeLimits, Verbosity, spec};
use crate::failure::Failure;
use crate::targets::{Given, Via, check_ids, ids, sorted, specs_of_options};
use crate::workers::Workers;
use output::{Output, quoted};
use progress::Progress;

pub(crate) fn run(args: &Rsync, verbosity: Verbosity) -> Result<(), Failure> {
    match &args.direction {
        Direction::Push(args) => {
            let output = Output::new(&args.sync, verbosity);
            workers(&args.limits).run(args.limits.timeout, |workers| push(args, workers, output))
        }
        Direction::Pull(args) => {
            let output = Output::new(&args.sync, verbosity);
            workers(&args.limits).run(args.limits.timeout, |workers| pull(args, workers, output))
        }
    }
}

fn workers(limits: &TimeLimits) -> Workers {
    let options = GroupOptions::new().with_bootstrap_timeout(limits.start_timeout);
    Workers::new(options, limits.grace)
}

fn push(args: &Push, workers: &Workers, output: Output) -> Result<(), Failure> {
    let targets = SyncTarget::all(args)?;
    let via = Via::new(targets.iter().map(|target| &target.spec));
    let targets: Vec<_> = (0..).zip(targets).collect();
    let mut failures = Vec::new();
    for targets in targets.chunks(args.targets.parallel) {
        if let Err(failure) = push_to(args, workers, &via, targets, output, &mut failures) {
            // The source or the output fails, which all targets share.
            failures.push(failure);
            break;
        }
    }
    combine(failures)
}

/// Copies to these targets at the same time, and adds the failures of those that fail.
fn push_to(
    args: &Push,
    workers: &Workers,
    via: &Via,
    targets: &[(usize, SyncTarget<'_>)],
    output: Output,
    failures: &mut Vec<Failure>,
) -> Result<(), Failure> {
    let mut rsync = configure(&args.sync, &args.source)?;
    let mut made = Vec::new();
    let options = TargetOptions::new().with_delete(args.sync.delete);
    let gateways = make_gateways(workers, via, targets).into_iter();
    for (gateway, (index, target)) in gateways.zip(targets) {
        match gateway {
            Ok(gateway) => {
                rsync.add_target(&gateway, target.destination, options);
                made.push((*index, target, gateway));
            }
            Err(failure) => {
                output.without_gateway(target, &failure)?;
                failures.push(failure.of(&target.label()));
            }
        }
    }
    if made.is_empty() {
        return Ok(());
    }
    let labels = made.iter().map(|(_, target, _)| target.label());
    let progress = Progress::new(labels.collect(), output);
    let reports = rsync.with_callback(progress.callback()).send();
    progress.finish();
    let reports = reports.map_err(|error| Failure::Usage("rsync".into(), error.into()))?;
    for (report, (index, target, gateway)) in reports.into_iter().zip(&made) {
        let error = report
            .error
            .as_ref()
            .map(|error| format!("{:#}", execnet::report(error)));
        output.summary(target, &report.report, error)?;
        failures.extend(target_failure(target, report.error, &report.report));
        // Its worker does not run on until those of the other targets end.
        if !via.is_needed(*index) {
            gateway.exit();
        }
    }
    Ok(())
}

fn pull(args: &Pull, workers: &Workers, output: Output) -> Result<(), Failure> {
    let mut rsync = configure(&args.sync, &args.source)?;
    if let Some(entries) = args.max_entries {
        rsync = rsync.with_max_entries(entries);
    }
    let target = SyncTarget::new(&args.spec, &args.destination)?;
    let gateway = workers.make_gateway(&target.spec)?;
    let label = format!("{} {}", quoted(&args.spec), quoted(&args.source));
    let progress = Progress::new(vec![label], output);
    let mut rsync = rsync.with_callback(progress.callback());
    let options = TargetOptions::new().with_delete(args.sync.delete);
    let pulled = rsync.pull(&gateway, &args.destination, options);
    progress.finish();
    if let Err(error) = &pulled
        && let Some(report) = error.report()
    {
        let error = format!("{:#}", execnet::report(error));
        output.summary(&target, report, Some(error))?;
    }
    let report = pulled.map_err(pull_failure)?;
    output.summary(&target, &report, None)?;
    let failure = target_failure(&target, None, &report);
    failure.map_or(Ok(()), Err)
}

fn configure(args: &SyncOptions, source: &OsStr) -> Result<RSync, Failure> {
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
    if let Some(timeout) = args.idle_timeout {
        rsync = rsync.with_idle_timeout(Some(timeout).filter(|timeout| !timeout.is_zero()));
    }
    Ok(rsync)
}

/// A gateway and the path there; for a pull, the path on this machine.
struct SyncTarget<'a> {
    spec: XSpec,
    /// The spec as it was typed.
    text: OsString,
    destination: &'a OsStr,
}

impl<'a> SyncTarget<'a> {
    fn new(text: &OsStr, destination: &'a OsStr) -> Result<Self, Failure> {
        let read = spec(text);
        let spec = read.map_err(|error| Failure::Usage(format!("spec {text:?}"), error.into()))?;
        Ok(Self {
            spec,
            text: text.to_owned(),
            destination,
        })
    }

    /// The targets of a push. Clap accepts those of --to in pairs, and requires a destination for the others.
    fn all(args: &'a Push) -> Result<Vec<Self>, Failure> {
        let pairs = args.to.chunks_exact(2);
        let targets = pairs.map(|pair| Self::new(&pair[0], &pair[1]));
        let mut targets = targets.collect::<Result<Vec<_>, _>>()?;
        let specs = specs_of_options(&args.targets)?;
        let to = targets.iter();
        let mut given: Vec<_> = to
            .map(|target| Given::new(target.spec.clone(), "--to"))
            .collect();
        given.extend(specs);
        check_ids(&given)?;
        let specs = given.split_off(targets.len());
        match &args.destination {
            Some(_) if specs.is_empty() => {
                let problem = "it has no gateway; name one by --on or --hosts";
                return Err(Failure::Usage("DEST".into(), problem.into()));
            }
            Some(destination) => targets.extend(specs.into_iter().map(|given| Self {
                text: given.spec.as_str().into(),
                spec: given.spec,
                destination,
            })),
            None if !specs.is_empty() => {
                let problem = "--on and --hosts need one";
                return Err(Failure::Usage("DEST".into(), problem.into()));
            }
            None => {}
        }
        // Those that other targets name are found before they are made.
        let ids = ids(targets.iter().map(|target| &target.spec));
        for (target, id) in targets.iter_mut().zip(ids) {
            target.spec = target.spec.clone().id(id);
        }
        sorted(targets, |target| &target.spec)
    }

    fn label(&self) -> String {
        format!("{} {}", quoted(&self.text), quoted(self.destination))
    }
}

/// Makes all gateways at the same time: a host that does not answer holds up no other, but for those that go through it.
fn make_gateways(
    workers: &Workers,
    via: &Via,
    targets: &[(usize, SyncTarget<'_>)],
) -> Vec<Result<Gateway, Failure>> {
    thread::scope(|scope| {
        let making: Vec<_> = targets
            .iter()
            .map(|(index, target)| {
                let thread = thread::Builder::new().name("execnet-target".into());
                let make = || via.start(*index, || workers.make_gateway(&target.spec));
                let spawned = thread.spawn_scoped(scope, make);
                spawned.inspect_err(|_| via.give_up(*index))
            })
            .collect();
        let joined = making.into_iter().map(|thread| {
            let thread = thread.map_err(|error| Failure::Gateway(error.into()))?;
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}

/// Why a target is not as the source is, if it is not.
fn target_failure(
    target: &SyncTarget<'_>,
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

/// The failure of a command: that of its only target that failed, or the highest status, after all failures are reported.
fn combine(mut failures: Vec<Failure>) -> Result<(), Failure> {
    match failures.pop() {
        None => Ok(()),
        Some(failure) if failures.is_empty() => Err(failure),
        Some(last) => {
            failures.push(last);
            failures.iter().for_each(Failure::report);
            let status = failures.iter().map(Failure::status).max();
            Err(Failure::Reported(status.unwrap_or_default()))
        }
    }
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
