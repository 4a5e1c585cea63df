//! `execnet shell`: a Python prompt whose code runs in a worker.

mod lines;
mod screen;

use alloc::rc::Rc;
use alloc::sync::Arc;
use core::cell::Cell;
use core::time::Duration;
use std::io::{self, IsTerminal as _};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use clap::Args;
use execnet::{
    Channel, Gateway, GroupOptions, InboxLimits, OverflowPolicy, ReceiveError, Stdout, XSpec,
};

use crate::args::{Verbosity, spec_parser};
use crate::complete::spec_completer;
use crate::failure::Failure;
use crate::prompt::Prompt;
use crate::workers::Workers;
use lines::{Completions, Line, Lines};
use screen::Event;

/// Type Python code that runs in a worker
///
/// A prompt like that of Python: values of expressions are printed, names stay until the end, the Tab key completes
/// names. Ctrl-C interrupts the running code, Ctrl-D or exit() leaves; then the worker ends. The exit status is that of
/// exit().
///
/// Without a terminal the lines come from standard input, and no prompts are printed. What the code prints then goes to
/// standard output and standard error as it is.
#[derive(Debug, Args)]
pub(crate) struct Shell {
    /// Spec of the worker
    #[arg(default_value = "popen", value_parser = spec_parser(), add = spec_completer())]
    spec: XSpec,
}

/// The program that runs in the worker.
const REMOTE: &str = include_str!("remote.py");

/// Time for the worker to exit at the end.
const GRACE: Duration = Duration::from_secs(10);

/// How long a worker may take to find completions.
const COMPLETION_TIME: Duration = Duration::from_secs(2);

/// The limit of output that is not printed yet, in bytes; at the limit the code waits.
const INBOX_LIMIT: usize = 1024 * 1024;

pub(super) fn run(args: &Shell, verbosity: Verbosity) -> Result<(), Failure> {
    let inbox = InboxLimits::default()
        .with_gateway(Some(INBOX_LIMIT))
        .with_overflow(OverflowPolicy::Pause);
    let options = GroupOptions::new()
        .with_stdout(Stdout::Stderr)
        .with_inbox(inbox);
    let mut workers = Workers::new(options, GRACE);
    let prompt = Arc::new(Prompt::new());
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if terminal {
        workers.set_prompt(Arc::clone(&prompt));
    }
    workers.run(None, |workers| {
        let gateway = workers.make_gateway(&args.spec)?;
        let banner = terminal && !verbosity.quiet;
        Session::start(&gateway, terminal, banner, &prompt)?.run()
    })
}

struct Session<'a> {
    remote: Rc<Remote>,
    lines: Lines,
    prompt: &'a Prompt,
}

impl<'a> Session<'a> {
    fn start(
        gateway: &Gateway,
        terminal: bool,
        banner: bool,
        prompt: &'a Arc<Prompt>,
    ) -> Result<Self, Failure> {
        let lost = |error| Failure::Gateway(Box::new(error));
        let channel = gateway.remote_exec(REMOTE).map_err(lost)?;
        let control = gateway.new_channel().map_err(lost)?;
        // On a terminal the streams are one, so that lines stay in their order.
        channel.send((terminal, banner, &control)).map_err(lost)?;
        prompt.set_interrupts(control);
        let (sender, events) = mpsc::channel();
        let remote = Rc::new(Remote {
            channel: channel.clone(),
            events,
            early: Cell::new(None),
        });
        let completions = Completions::new(Rc::clone(&remote));
        let (lines, screen) = Lines::new(terminal, completions)?;
        let shared = Arc::clone(prompt);
        thread::Builder::new()
            .name("execnet-screen".into())
            // Not joined: it ends with the channel, or with the process.
            .spawn(move || screen::print(&channel, screen, &shared, &sender))
            .map_err(|error| Failure::Gateway(error.into()))?;
        Ok(Self {
            remote,
            lines,
            prompt,
        })
    }

    fn run(mut self) -> Result<(), Failure> {
        loop {
            let (before, is_input) = match self.remote.next() {
                Event::Prompt(text) => (text, false),
                Event::Input(text) => (text, true),
                Event::Exit(0) => return Ok(()),
                Event::Exit(status) => return Err(Failure::Reported(status)),
                Event::Output(error) => return Err(Failure::Output(error)),
                Event::End(error) => return Err(end(error)),
                // Of a request that has timed out.
                Event::Completions(_) => continue,
            };
            self.prompt.set_running(false);
            let typed = self.lines.read(&before, is_input)?;
            self.prompt.set_running(true);
            let (kind, line) = match typed {
                Line::Text(line) if is_input => ("line", line + "\n"),
                Line::Text(line) => ("line", line),
                Line::Interrupted => ("reset", String::new()),
                Line::End if is_input => ("line", String::new()),
                Line::End => return Ok(()),
            };
            // If the worker is gone, its end is the next event.
            let _ = self.remote.channel.send((kind, line));
        }
    }
}

/// The program in the worker.
struct Remote {
    channel: Channel,
    events: Receiver<Event>,
    /// An event that came instead of completions.
    early: Cell<Option<Event>>,
}

impl Remote {
    fn next(&self) -> Event {
        // The other end is dropped behind an event of the end.
        let ended = Event::End(ReceiveError::Closed);
        let early = self.early.take();
        early.unwrap_or_else(|| self.events.recv().unwrap_or(ended))
    }

    /// The names that complete a word.
    fn completions(&self, word: &str) -> Vec<String> {
        // If the worker is gone, its end is the next event.
        let _ = self.channel.send(("complete", word));
        match self.events.recv_timeout(COMPLETION_TIME) {
            Ok(Event::Completions(names)) => return names,
            Ok(event) => self.early.set(Some(event)),
            Err(_) => {}
        }
        Vec::new()
    }
}

fn end(error: ReceiveError) -> Failure {
    match error {
        ReceiveError::Remote(error) => Failure::Remote(error.text().to_owned()),
        error => Failure::Gateway(error.into()),
    }
}
