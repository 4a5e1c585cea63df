//! The run: hears what workers say, and tells them what to do.

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use execnet::{Group, GroupOptions, Stderr};

use crate::Args;
use crate::event::{Event, Report};
use crate::outcome::{Outcome, Summary};
use crate::schedule::Schedule;
use crate::worker::{Plan, Worker};

type Result<T> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Runs the suite; the outcomes are printed as they come.
pub(crate) fn run(args: &Args) -> Result<Summary> {
    let began = Instant::now();
    let scratch = Scratch::new()?;
    let mut options = GroupOptions::default();
    // It is shown with the worker's death.
    options.stderr = Stderr::Keep;
    let group = Group::with_options(options);
    let mut run = Run::new(args, &group, &scratch.0);
    for _ in 0..args.number.max(1) {
        run.start()?;
    }
    run.until_all_left()?;
    group.terminate(Some(Duration::from_secs(10)));
    run.summary.seconds = began.elapsed().as_secs_f64();
    Ok(run.summary)
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
    events: Receiver<(usize, Event)>,
    sender: Sender<(usize, Event)>,
    /// What the first worker collected; the others have to collect the same.
    tests: Option<Vec<String>>,
    schedule: Schedule,
    summary: Summary,
}

impl<'a> Run<'a> {
    fn new(args: &'a Args, group: &'a Group, scratch: &'a Path) -> Self {
        let (sender, events) = mpsc::channel();
        Self {
            args,
            group,
            scratch,
            directory: fs::canonicalize(&args.directory).unwrap_or_else(|_| args.directory.clone()),
            workers: BTreeMap::new(),
            started: 0,
            events,
            sender,
            tests: None,
            schedule: Schedule::new(0, args.number),
            summary: Summary::default(),
        }
    }

    fn start(&mut self) -> Result<()> {
        let specs = &self.args.specs;
        let spec = specs.get(self.started % specs.len().max(1));
        let spec = format!(
            "{}//python={}//chdir={}",
            spec.map_or("popen", String::as_str),
            self.args.python,
            self.directory.display()
        );
        let plan = Plan {
            spec: &spec,
            pytest: &self.args.pytest,
            workers: self.args.number,
            scratch: spec.starts_with("popen").then_some(self.scratch),
            run: &format!("{:x}", std::process::id()),
        };
        let worker = Worker::start(self.group, &plan, self.started, self.sender.clone())?;
        self.workers.insert(self.started, worker);
        self.started += 1;
        Ok(())
    }

    fn until_all_left(&mut self) -> Result<()> {
        let silence = Duration::from_secs(self.args.silence);
        while !self.workers.is_empty() {
            let event = self.events.recv_timeout(silence);
            let (number, event) = event.map_err(|_| format!("no worker spoke for {silence:?}"))?;
            self.hear(number, event)?;
        }
        self.summary.left_out += self.schedule.left();
        Ok(())
    }

    fn hear(&mut self, number: usize, event: Event) -> Result<()> {
        match event {
            Event::Collected(tests) => self.collected(number, tests),
            Event::Report(report) => {
                self.reported(number, &report);
                Ok(())
            }
            Event::Complete(test) => {
                self.schedule.finished(number, test);
                self.give(number)
            }
            Event::CollectError { nodeid, text } => {
                // Each worker finds it; the first one's word is enough.
                if self.tests.is_none() {
                    self.summary.left_out += 1;
                    println!("not collected {}\n{}", printable(&nodeid), indented(&text));
                }
                Ok(())
            }
            Event::Internal(text) => Err(format!("a worker of xdist failed: {text}").into()),
            Event::Finished => {
                self.workers.remove(&number);
                Ok(())
            }
            Event::Ended => self.ended(number),
        }
    }

    fn collected(&mut self, number: usize, tests: Vec<String>) -> Result<()> {
        match &self.tests {
            None => {
                self.schedule = Schedule::new(tests.len(), self.args.number);
                self.tests = Some(tests);
            }
            Some(first) if *first == tests => {}
            Some(_) => return Err("the workers have collected different tests".into()),
        }
        self.give(number)
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
        let told = told.and_then(|()| match self.schedule.is_empty() {
            true => worker.shut_down(),
            false => Ok(()),
        });
        // One that died is heard of by the end of its channel.
        drop(told);
        Ok(())
    }

    fn reported(&mut self, number: usize, report: &Report) {
        if let Some(outcome) = Outcome::of(report) {
            self.tell(number, outcome, &report.nodeid, &report.text);
        }
    }

    fn tell(&mut self, number: usize, outcome: Outcome, nodeid: &str, text: &str) {
        println!("{outcome:<7} {} [gw{number}]", printable(nodeid));
        if !matches!(outcome, Outcome::Passed | Outcome::Skipped) && !text.is_empty() {
            println!("{}", indented(text));
        }
        self.summary.count(outcome);
    }

    /// A worker that has not said farewell has died: what it ran has crashed, and another takes its place.
    fn ended(&mut self, number: usize) -> Result<()> {
        let Some(worker) = self.workers.remove(&number) else {
            return Ok(());
        };
        let end = worker.end();
        self.summary.deaths += 1;
        println!("worker {} died\n{}", worker.id, indented(&end));
        if let Some(test) = self.schedule.gone(number) {
            let nodeid = self.tests.as_ref().and_then(|tests| tests.get(test));
            let nodeid = nodeid.cloned().unwrap_or_default();
            self.tell(number, Outcome::Crashed, &nodeid, "");
        }
        let allowed = self.args.max_restart.unwrap_or(4 * self.args.number);
        if self.summary.deaths > allowed {
            return Err(format!("{} of the workers died", self.summary.deaths).into());
        }
        if self.tests.is_none() || !self.schedule.is_empty() {
            self.start()?;
        }
        Ok(())
    }
}

fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("        {}", printable(line)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Text of a worker, without what a terminal would obey.
fn printable(text: &str) -> String {
    let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(harmless).collect()
}
