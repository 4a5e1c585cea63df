//! The main loop of a run: receives the events of the workers and sends them commands.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use execnet::{Group, GroupOptions, Stderr};

use crate::Args;
use crate::collection::{Collections, Mismatch};
use crate::escape::escaped;
use crate::event::{Ending, Event, Report};
use crate::interrupt;
use crate::outcome::{Outcome, Summary};
use crate::schedule::Schedule;
use crate::worker::{Plan, Worker};

type Result<T> = core::result::Result<T, Box<dyn core::error::Error>>;

/// How long a worker may take to leave: it has said that it is finished, or the run is given up.
const GRACE: Duration = Duration::from_secs(2);

/// How often a worker may fail before it has collected anything: what stops one from that, as a rule, stops all.
const HOPELESS_STARTS: usize = 2;

/// Runs the suite; the outcomes are printed as they come.
///
/// Returns a summary however the run ends: the outcomes until then are in it.
pub(crate) fn run(args: &Args) -> Summary {
    let began = Instant::now();
    // It is shown with the worker's death.
    let options = GroupOptions::new().with_stderr(Stderr::Capture);
    let group = Group::with_options(options);
    let mut summary = Summary::default();
    if let Err(error) = supervise(args, &group, &mut summary) {
        summary.given_up = Some(error.to_string());
    }
    group.terminate_timeout(GRACE);
    summary.seconds = began.elapsed().as_secs_f64();
    summary
}

fn supervise(args: &Args, group: &Group, summary: &mut Summary) -> Result<()> {
    let scratch = Scratch::new()?;
    let mut run = Run::new(args, group, &scratch.0, summary);
    interrupt::forward(run.sender.clone())?;
    run.start_all()?;
    run.until_all_left()
}

/// A directory that goes with the run.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("xdist-{}", std::process::id()));
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Run<'a> {
    args: &'a Args,
    group: &'a Group,
    scratch: &'a Path,
    directory: PathBuf,
    workers: BTreeMap<usize, Worker>,
    /// How many were started, so that each has a number of its own.
    started: usize,
    /// How many died before they had collected.
    failed_starts: usize,
    events: Receiver<(usize, Event)>,
    sender: Sender<(usize, Event)>,
    collections: Collections,
    schedule: Schedule,
    /// The workers whose current test has an outcome.
    reported: BTreeSet<usize>,
    summary: &'a mut Summary,
}

impl<'a> Run<'a> {
    fn new(args: &'a Args, group: &'a Group, scratch: &'a Path, summary: &'a mut Summary) -> Self {
        let (sender, events) = mpsc::channel();
        Self {
            args,
            group,
            scratch,
            directory: fs::canonicalize(&args.directory).unwrap_or_else(|_| args.directory.clone()),
            workers: BTreeMap::new(),
            started: 0,
            failed_starts: 0,
            events,
            sender,
            collections: Collections::new(args.number.max(1)),
            schedule: Schedule::new(0, args.number),
            reported: BTreeSet::new(),
            summary,
        }
    }

    /// All at once: each takes the time that an interpreter takes to import pytest.
    fn start_all(&mut self) -> Result<()> {
        let numbers = 0..self.args.number.max(1);
        self.started = numbers.end;
        let started = thread::scope(|scope| {
            let run = &*self;
            let starting: Vec<_> = numbers
                .map(|number| {
                    let (group, sender) = (run.group, run.sender.clone());
                    let plan = run.plan(number);
                    scope.spawn(move || {
                        Worker::start(group, &plan, number, sender)
                            .map_err(|error| error.to_string())
                    })
                })
                .collect();
            let joined = starting.into_iter().map(|starting| {
                starting
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect::<Vec<_>>()
        });
        for (number, worker) in started.into_iter().enumerate() {
            self.workers.insert(number, worker?);
        }
        Ok(())
    }

    /// Another in place of one that has died.
    fn start_another(&mut self) -> Result<()> {
        let number = self.started;
        self.started += 1;
        let plan = self.plan(number);
        let worker = Worker::start(self.group, &plan, number, self.sender.clone())?;
        self.workers.insert(number, worker);
        Ok(())
    }

    fn plan(&self, number: usize) -> Plan<'a> {
        let specs = &self.args.specs;
        let spec = specs.get(number % specs.len().max(1));
        let spec = spec.map_or("popen", String::as_str);
        Plan {
            scratch: spec.starts_with("popen").then_some(self.scratch),
            spec: format!(
                "{spec}//python={}//chdir={}",
                self.args.python,
                self.directory.display()
            ),
            pytest: &self.args.pytest,
            workers: self.args.number,
            run: format!("{:x}", std::process::id()),
        }
    }

    fn until_all_left(&mut self) -> Result<()> {
        let silence = Duration::from_secs(self.args.silence);
        let outcome = loop {
            if self.workers.is_empty() {
                break Ok(());
            }
            match self.events.recv_timeout(silence) {
                Ok((number, event)) => match self.hear(number, event) {
                    Ok(()) => {}
                    Err(error) => break Err(error),
                },
                Err(RecvTimeoutError::Timeout) => {
                    let busy = self.running();
                    break Err(format!("no worker spoke for {silence:?}: {busy}").into());
                }
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            }
        };
        self.summary.not_run += self.schedule.left();
        outcome
    }

    /// What every worker is running.
    fn running(&self) -> String {
        let busy = self.workers.keys().map(|&number| {
            let test = self.schedule.running(number);
            match test.and_then(|test| self.collections.name(test)) {
                Some(test) => format!("gw{number} in {}", escaped(test)),
                None => format!("gw{number} in no test"),
            }
        });
        busy.collect::<Vec<_>>().join(", ")
    }

    fn hear(&mut self, number: usize, event: Event) -> Result<()> {
        match event {
            Event::Collected(tests) => self.collected(number, tests),
            Event::Report(report) => {
                self.reported(number, &report);
                Ok(())
            }
            Event::Complete(test) => {
                self.complete(number, test);
                self.give(number)
            }
            Event::CollectError { nodeid, text } => {
                // Each worker finds it; once is enough.
                if self.collections.errors.insert(nodeid.clone()) {
                    self.summary.not_run += 1;
                    println!("not collected {}\n{}", escaped(&nodeid), indented(&text));
                }
                Ok(())
            }
            Event::Internal(text) => {
                println!("gw{number} failed inside pytest\n{}", indented(&text));
                Ok(())
            }
            Event::Finished(ending) => self.finished(number, ending),
            Event::Ended => match self.workers.remove(&number) {
                Some(worker) => {
                    let how = worker.end();
                    self.died(number, &worker, &how)
                }
                None => Ok(()),
            },
            Event::Interrupted(signal) => {
                self.summary.signal = Some(signal);
                Err(format!("interrupted: {}", self.running()).into())
            }
        }
    }

    /// Hands out tests once all workers have collected the same ones: workers get the index of a test, not its name.
    fn collected(&mut self, number: usize, tests: Vec<String>) -> Result<()> {
        let waited = !self.collections.are_complete();
        match self.collections.add(number, tests) {
            Ok(()) => {}
            Err(mismatch @ Mismatch { .. }) => return Err(mismatch.to_string().into()),
        }
        if !self.collections.are_complete() {
            return Ok(());
        }
        if !waited {
            return self.give(number);
        }
        self.schedule = Schedule::new(self.collections.len(), self.args.number);
        let ready: Vec<usize> = self.workers.keys().copied().collect();
        ready.into_iter().try_for_each(|number| self.give(number))
    }

    /// Hands out tests, or says that there are no more, upon which the worker runs its last one.
    fn give(&mut self, number: usize) -> Result<()> {
        let Some(worker) = self.workers.get(&number) else {
            return Ok(());
        };
        let tests = self.schedule.next(number);
        let told = if tests.is_empty() {
            Ok(())
        } else {
            worker.run(&tests)
        };
        let told = told.and_then(|()| match self.schedule.leaves(number) {
            true => worker.shut_down(),
            false => Ok(()),
        });
        // One that died is heard of by the end of its channel.
        drop(told);
        Ok(())
    }

    fn reported(&mut self, number: usize, report: &Report) {
        if let Some(outcome) = Outcome::of(report) {
            self.reported.insert(number);
            self.tell(number, outcome, &report.nodeid, &report.text);
        }
    }

    /// A test that a worker has run to its end has an outcome, or that was lost on the way.
    fn complete(&mut self, number: usize, test: usize) {
        self.schedule.finished(number, test);
        if !self.reported.remove(&number) {
            let nodeid = self.collections.name(test).unwrap_or_default().to_owned();
            self.tell(number, Outcome::Lost, &nodeid, "");
        }
    }

    fn tell(&mut self, number: usize, outcome: Outcome, nodeid: &str, text: &str) {
        println!("{outcome:<7} {} [gw{number}]", escaped(nodeid));
        if !matches!(outcome, Outcome::Passed | Outcome::Skipped) && !text.is_empty() {
            println!("{}", indented(text));
        }
        self.summary.count(outcome);
    }

    /// The pytest of a worker has ended. With tests left nobody asked for that, unless the whole run is to end: a test broke
    /// pytest, which is no better than a death.
    fn finished(&mut self, number: usize, ending: Ending) -> Result<()> {
        let Some(worker) = self.workers.remove(&number) else {
            return Ok(());
        };
        match ending {
            Ending::Interrupted => {
                let test = self
                    .lose(number, Outcome::Lost)
                    .unwrap_or("no test".to_owned());
                Err(format!("gw{number} was interrupted in {}", escaped(&test)).into())
            }
            Ending::Stopped(reason) => Err(escaped(&reason).into()),
            Ending::Over if self.schedule.running(number).is_some() => {
                self.died(number, &worker, "its pytest ended before its tests did")
            }
            Ending::Over => {
                worker.leave();
                Ok(())
            }
        }
    }

    /// The test that a worker ran has this outcome; its other tests wait for another worker.
    fn lose(&mut self, number: usize, outcome: Outcome) -> Option<String> {
        self.reported.remove(&number);
        let test = self.schedule.gone(number)?;
        let nodeid = self.collections.name(test).unwrap_or_default().to_owned();
        self.tell(number, outcome, &nodeid, "");
        Some(nodeid)
    }

    /// What a dead worker ran has crashed, and another worker takes its place.
    fn died(&mut self, number: usize, worker: &Worker, how: &str) -> Result<()> {
        self.summary.deaths += 1;
        println!("worker {} died\n{}", worker.id, indented(how));
        worker.leave();
        self.lose(number, Outcome::Crashed);
        if !self.collections.has(number) {
            self.failed_starts += 1;
            if self.failed_starts >= HOPELESS_STARTS {
                return Err("workers die before they have collected any test".into());
            }
        }
        let allowed = self.args.max_restart.unwrap_or(4 * self.args.number);
        if self.summary.deaths > allowed {
            return Err(format!("{} of the workers died", self.summary.deaths).into());
        }
        if !self.collections.are_complete() || !self.schedule.is_empty() {
            self.start_another()?;
        }
        Ok(())
    }
}

fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("        {}", escaped(line)));
    lines.collect::<Vec<_>>().join("\n")
}
