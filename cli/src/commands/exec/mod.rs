//! `execnet exec`: runs code in workers and prints the items that it sends.

mod lines;

use core::time::Duration;
use std::sync::mpsc::Receiver;

use execnet::{
    Channel, Gateway, Grace, GroupOptions, InboxLimits, Item, OverflowPolicy, ReceiveError,
    SendError, Stdout, XSpec,
};

use serde_json::json;

use crate::args::{Exec, Verbosity};
use crate::escape::escaped_json;
use crate::failure::Failure;
use crate::printer::{Printer, print_line};
use crate::source::Source;
use crate::targets::{Runner, Target, print_failure};
use lines::Line;

/// When the link ends, the remote code has this time to end by itself before it is interrupted.
const LINK_END_GRACE: Duration = Duration::from_millis(100);

/// The limit of received items that are not printed yet, in bytes. At the limit the worker's link is not read, so remote
/// code blocks while the reader of standard output is slow. That cannot deadlock: the printing loop waits for items only.
const INBOX_LIMIT: usize = 4 * 1024 * 1024;

/// With lines of standard input, the limit of items in bytes that are sent ahead of what the code receives.
const CREDIT: usize = 1024 * 1024;

pub(crate) fn run(args: &Exec, verbosity: Verbosity) -> Result<(), Failure> {
    let words = args.words()?;
    let targets = Target::all(words.spec, &args.targets)?;
    let program = Program::read(args, words.code.as_deref(), words.args)?;
    let inputs: Vec<Option<_>> = match args.stdin {
        Some(format) => {
            let shared = lines::share(format, targets.len(), args.targets.parallel)?;
            shared.into_iter().map(Some).collect()
        }
        None => targets.iter().map(|_| None).collect(),
    };
    let options = GroupOptions::new()
        .with_grace(Grace::new().with_interrupt(LINK_END_GRACE))
        .with_stdout(Stdout::Stderr)
        .with_credit(args.stdin.map(|_| CREDIT))
        .with_inbox(
            InboxLimits::default()
                .with_gateway(Some(INBOX_LIMIT))
                .with_overflow(OverflowPolicy::Pause),
        );
    let ends = args.json && args.targets.are_given();
    let runner = Runner {
        options,
        targets: &args.targets,
        limits: &args.limits,
        verbosity,
        json: ends,
    };
    let targets = targets.into_iter().zip(inputs).collect();
    runner.on(targets, |gateway, target, input| {
        let ran = run_code(gateway, target, input, args, &program);
        match &ran {
            Ok(()) if ends => print_line(&escaped_json(&json!({"id": target.id, "status": 0})))?,
            Err(failure) if ends => print_failure(target, failure)?,
            _ => {}
        }
        ran
    })
}

/// The code to run.
struct Program {
    source: String,
    /// Its name in tracebacks.
    file: Option<String>,
    /// `sys.argv`; empty if the code has no file and no arguments.
    argv: Vec<String>,
}

impl Program {
    fn read(args: &Exec, code: Option<&str>, arguments: Vec<String>) -> Result<Self, Failure> {
        let file = args.file.as_deref();
        let Source { text, plain } = match code {
            Some("-") | None => Source::read(file)?,
            Some(code) => code.to_owned().into(),
        };
        let name = file.map(|path| path.display().to_string());
        let argv = match (&name, arguments.is_empty()) {
            (None, true) => Vec::new(),
            (name, _) => {
                let name = name.clone().unwrap_or_else(|| "-c".to_owned());
                [vec![name], arguments].concat()
            }
        };
        Ok(Self {
            source: text,
            file: name.filter(|_| plain),
            argv,
        })
    }

    fn start(&self, gateway: &Gateway) -> Result<Channel, Failure> {
        if !self.argv.is_empty() {
            let channel = gateway.remote_exec(SET_ARGV).map_err(send_failure)?;
            channel.send(&self.argv).map_err(send_failure)?;
            // The worker may run one call at a time, so that the next one starts after the end of this.
            channel
                .wait_close()
                .map_err(|error| Failure::Gateway(error.into()))?;
        }
        let started = match &self.file {
            Some(file) => gateway.remote_exec_module(&self.source, file),
            None => gateway.remote_exec(&self.source),
        };
        started.map_err(send_failure)
    }
}

/// Sets the arguments of the code that runs next.
const SET_ARGV: &str = "import sys; sys.argv = channel.receive()";

fn run_code(
    gateway: &Gateway,
    target: &Target,
    input: Option<Receiver<Line>>,
    args: &Exec,
    program: &Program,
) -> Result<(), Failure> {
    let channel = program.start(gateway)?;
    let mut printer = match args.json && !args.targets.are_given() {
        true => Printer::new(true),
        false => Printer::of_target(target, args.json),
    };
    if input.is_none() && args.send.is_empty() {
        return print_items(&channel, &mut printer);
    }
    let end = !is_stock(&target.spec);
    let failed = lines::feed(&channel, args.send.clone(), input, end)?;
    let printed = print_items(&channel, &mut printer);
    match (printed, failed.try_recv()) {
        (Ok(()), Ok(failure)) => Err(failure),
        (Err(error @ Failure::Remote(_)), Ok(failure)) => {
            // Code that expects more items fails because of the line.
            failure.report();
            Err(error)
        }
        (printed, _) => printed,
    }
}

/// Whether the worker may be stock execnet, which does not report the end of code after `finish_sending`.
fn is_stock(spec: &XSpec) -> bool {
    spec.has("socket") || spec.get("bootstrap") == Some("execnet")
}

/// Prints items until the channel ends. Output stays buffered only while more items are available.
fn print_items(channel: &Channel, printer: &mut Printer<'_>) -> Result<(), Failure> {
    while let Some(item) = next_item(channel, printer)? {
        printer.print(&item)?;
    }
    Ok(())
}

fn next_item(channel: &Channel, printer: &mut Printer<'_>) -> Result<Option<Item>, Failure> {
    // Flushed before each wait, and not after each item: a reader sees every item without delay, and many items are one
    // write.
    let received = match channel.try_receive() {
        Ok(None) => {
            printer.flush()?;
            channel.receive().map(Some)
        }
        available => available,
    };
    received.or_else(|error| {
        printer.flush()?;
        match error {
            ReceiveError::Closed => Ok(None),
            ReceiveError::Remote(error) => Err(Failure::Remote(error.text().to_owned())),
            ReceiveError::Item(error) => Err(Failure::Data(error.into())),
            error => Err(Failure::Gateway(error.into())),
        }
    })
}

fn send_failure(error: SendError) -> Failure {
    match error {
        SendError::Encode(error) => Failure::Data(error.into()),
        error => Failure::Gateway(error.into()),
    }
}
