//! Runs a job on each target.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use execnet::{Gateway, GroupOptions};

use serde_json::json;

use super::summary::Summary;
use super::{Target, Via};
use crate::args::{Targets, TimeLimits, Verbosity};
use crate::escape::escaped_json;
use crate::failure::Failure;
use crate::messages;
use crate::printer::print_line;
use crate::workers::Workers;

/// How a command runs on its targets.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    pub(crate) options: GroupOptions,
    pub(crate) targets: &'a Targets,
    pub(crate) limits: &'a TimeLimits,
    pub(crate) verbosity: Verbosity,
    /// Print a JSON object for each target whose job does not run. The job itself prints those of the others.
    pub(crate) json: bool,
}

/// Prints the JSON object of a target that failed. Not if standard output cannot be written.
pub(crate) fn print_failure(target: &Target, failure: &Failure) -> Result<(), Failure> {
    if let Failure::Output(_) = failure {
        return Ok(());
    }
    let document =
        json!({"id": target.id, "status": failure.status(), "error": failure.in_short()});
    print_line(&escaped_json(&document))
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
        let parallel = self.targets.parallel;
        workers.run(self.limits.timeout, |workers| {
            let starter = Starter {
                workers,
                verbosity: self.verbosity,
                json: self.json,
                via: Via::new(targets.iter().map(|(target, _)| &target.spec)),
            };
            match <[_; 1]>::try_from(targets) {
                Ok([(target, data)]) => starter.run_one(0, &target, data, &job),
                Err(targets) => starter.run_all(parallel, targets, &job),
            }
        })
    }
}

/// What the targets of a command share.
struct Starter<'a> {
    workers: &'a Workers,
    verbosity: Verbosity,
    json: bool,
    via: Via,
}

impl Starter<'_> {
    fn run_one<T>(
        &self,
        index: usize,
        target: &Target,
        data: T,
        job: &(impl Fn(&Gateway, &Target, T) -> Result<(), Failure> + Sync),
    ) -> Result<(), Failure> {
        let begin = Instant::now();
        let made = (self.via).start(index, || self.workers.make_gateway(&target.spec));
        if let (Err(failure), true) = (&made, self.json) {
            print_failure(target, failure)?;
        }
        let gateway = made?;
        let say = |what: &str| {
            if self.verbosity.verbose {
                let time = begin.elapsed();
                messages::print(&format!("{}: {what} after {time:.1?}", target.label()));
            }
        };
        say("started");
        let done = job(&gateway, target, data);
        say("ended");
        // Its worker does not run on until those of the other targets end.
        if !self.via.is_needed(index) {
            gateway.exit();
        }
        done
    }

    /// Runs the job on up to `parallel` targets at a time, each in a thread of its own.
    fn run_all<T: Send>(
        &self,
        parallel: usize,
        targets: Vec<(Target, T)>,
        job: &(impl Fn(&Gateway, &Target, T) -> Result<(), Failure> + Sync),
    ) -> Result<(), Failure> {
        let (targets, data): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        let mut summary = Summary::new(targets.len());
        let mut waiting = targets.iter().enumerate().zip(data);
        let (sender, ended) = mpsc::channel();
        thread::scope(|scope| {
            let mut running = 0;
            loop {
                while running < parallel && !self.workers.are_stopping() {
                    let Some(((index, target), data)) = waiting.next() else {
                        break;
                    };
                    let report = sender.clone();
                    let run = move || {
                        // A panic, which is printed already, must not leave the loop below waiting.
                        let run = AssertUnwindSafe(|| self.run_one(index, target, data, job));
                        let bug = |_| Err(Failure::Data("a bug in execnet".into()));
                        let outcome = catch_unwind(run).unwrap_or_else(bug);
                        // Fails only after the loop below has ended by a panic.
                        let _ = report.send((index, outcome));
                    };
                    let thread = thread::Builder::new().name("execnet-target".into());
                    if let Err(error) = thread.spawn_scoped(scope, run) {
                        self.via.give_up(index);
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
                    && summary.add(index, target, outcome, self.workers.are_stopping())
                {
                    // Nobody reads the output: the other targets are stopped.
                    self.workers.stop();
                }
            }
        });
        for ((index, target), _) in waiting {
            summary.not_started(index, target);
            if self.json {
                // Fails if nobody reads the output: the status is that of the end.
                let failure = Failure::Gateway("not started".into());
                let _ = print_failure(target, &failure);
            }
        }
        summary.finish(self.verbosity)
    }
}
