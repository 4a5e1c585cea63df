//! Runs a job on each target.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::{Gateway, GroupOptions};

use super::Target;
use super::summary::Summary;
use crate::args::{Targets, TimeLimits, Verbosity};
use crate::failure::Failure;
use crate::messages;
use crate::workers::Workers;

type ReportFailure = fn(&Target, &Failure) -> Result<(), Failure>;

/// How a command runs on its targets.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(crate) options: GroupOptions,
    pub(crate) targets: &'a Targets,
    pub(crate) limits: &'a TimeLimits,
    pub(crate) verbosity: Verbosity,
    /// Called for a target whose worker cannot be started.
    pub(crate) start_failed: Option<ReportFailure>,
}

impl Runner<'_> {
    /// Starts the worker of each target and runs the job on it. The failure of a single target is returned. With several,
    /// each failure is reported at the end, and the highest status is returned.
    pub(crate) fn on<T: Send>(
        self,
        targets: Vec<(Target, T)>,
        job: impl Fn(&Gateway, &Target, T) -> Result<(), Failure> + Sync,
    ) -> Result<(), Failure> {
        let options = self
            .options
            .with_bootstrap_timeout(self.limits.start_timeout);
        let workers = Workers::new(options, self.limits.grace);
        let (parallel, verbosity) = (self.targets.parallel, self.verbosity);
        let start_failed = self.start_failed;
        workers.run(self.limits.timeout, |workers| {
            let start = |target: &Target| {
                let made = workers.make_gateway(&target.spec);
                if let (Err(failure), Some(report)) = (&made, start_failed) {
                    report(target, failure)?;
                }
                made
            };
            let job = |target: &Target, data| run_one(start, verbosity, target, data, &job);
            match <[_; 1]>::try_from(targets) {
                Ok([(target, data)]) => job(&target, data),
                Err(targets) => run_all(workers, parallel, verbosity, targets, &job),
            }
        })
    }
}

fn run_one<T>(
    start: impl Fn(&Target) -> Result<Gateway, Failure>,
    verbosity: Verbosity,
    target: &Target,
    data: T,
    job: impl Fn(&Gateway, &Target, T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let begin = Instant::now();
    let gateway = start(target)?;
    let say = |what: &str| {
        if verbosity.verbose {
            messages::print(&format!(
                "{}: {what} after {:.1?}",
                target.label(),
                begin.elapsed()
            ));
        }
    };
    say("started");
    let done = job(&gateway, target, data);
    say("ended");
    // Its worker does not run on until those of the other targets end.
    gateway.exit();
    done
}

/// Runs the job on up to `parallel` targets at a time, each in a thread of its own.
fn run_all<T: Send>(
    workers: &Workers,
    parallel: usize,
    verbosity: Verbosity,
    targets: Vec<(Target, T)>,
    job: &(impl Fn(&Target, T) -> Result<(), Failure> + Sync),
) -> Result<(), Failure> {
    let (targets, data): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
    let mut summary = Summary::new(targets.len());
    let mut waiting = targets.iter().enumerate().zip(data);
    let (sender, ended) = mpsc::channel();
    thread::scope(|scope| {
        let mut running = 0;
        loop {
            while running < parallel && !workers.are_stopping() {
                let Some(((index, target), data)) = waiting.next() else {
                    break;
                };
                let report = sender.clone();
                let run = move || {
                    // A panic, which is printed already, must not leave the loop below waiting.
                    let outcome = catch_unwind(AssertUnwindSafe(|| job(target, data)));
                    let outcome =
                        outcome.unwrap_or_else(|_| Err(Failure::Data("a bug in execnet".into())));
                    // Fails only after the loop below has ended by a panic.
                    let _ = report.send((index, outcome));
                };
                let thread = thread::Builder::new().name("execnet-target".into());
                if let Err(error) = thread.spawn_scoped(scope, run) {
                    let _ = sender.send((index, Err(Failure::Gateway(error.into()))));
                }
                running += 1;
            }
            if running == 0 {
                break;
            }
            let Ok((index, outcome)) = ended.recv() else {
                break;
            };
            running -= 1;
            if let Some(target) = targets.get(index)
                && summary.add(index, target, outcome, workers.are_stopping())
            {
                // Nobody reads the output: the other targets are stopped.
                workers.stop();
            }
        }
    });
    for ((index, target), _) in waiting {
        summary.not_started(index, target);
    }
    summary.finish(verbosity)
}
