//! `execnet exec`: runs code in a worker and prints the items that it sends.

use core::time::Duration;

use execnet::{
    Channel, Gateway, Grace, Group, GroupOptions, InboxLimits, Item, OverflowPolicy, ReceiveError,
    SendError, Stdout, XSpec,
};

use crate::args::Exec;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::source::Source;
use crate::workers::Workers;

/// When the link ends, the remote code has this time to end by itself before it is interrupted.
const LINK_END_GRACE: Duration = Duration::from_millis(100);

/// The limit of received items that are not printed yet, in bytes. At the limit the worker's link is not read, so remote
/// code blocks while the reader of standard output is slow. That cannot deadlock: the printing loop waits for items only.
const INBOX_LIMIT: usize = 4 * 1024 * 1024;

pub(crate) fn run(args: &Exec) -> Result<(), Failure> {
    let program = Program::read(args)?;
    let options = GroupOptions::new()
        .with_grace(Grace::new().with_interrupt(LINK_END_GRACE))
        .with_stdout(Stdout::Stderr)
        .with_inbox(
            InboxLimits::default()
                .with_gateway(Some(INBOX_LIMIT))
                .with_overflow(OverflowPolicy::Pause),
        );
    Workers::new(options, args.limits.grace)
        .run(args.limits.timeout, |group| run_code(group, args, &program))
}

/// The code to run.
struct Program {
    source: String,
    /// Its name in tracebacks.
    file: Option<String>,
}

impl Program {
    fn read(args: &Exec) -> Result<Self, Failure> {
        let file = args.file.as_deref();
        let Source { text, plain } = match args.code.as_deref() {
            Some("-") | None => Source::read(file)?,
            Some(code) => code.to_owned().into(),
        };
        let file = file
            .filter(|_| plain)
            .map(|path| path.display().to_string());
        Ok(Self { source: text, file })
    }

    fn start(&self, gateway: &Gateway) -> Result<Channel, SendError> {
        match &self.file {
            Some(file) => gateway.remote_exec_module(&self.source, file),
            None => gateway.remote_exec(&self.source),
        }
    }
}

fn run_code(group: &Group, args: &Exec, program: &Program) -> Result<(), Failure> {
    let gateway = group
        .make_gateway(&args.spec)
        .map_err(super::gateway_failure)?;
    let channel = program.start(&gateway).map_err(send_failure)?;
    for value in &args.send {
        match channel.send(value) {
            // The code ended before it received everything. The items and the error to come say how.
            Err(SendError::Closed) => break,
            sent => sent.map_err(send_failure)?,
        }
    }
    if !args.send.is_empty() && !is_stock(&args.spec) {
        channel.finish_sending();
    }
    print_items(&channel, &mut Printer::new(args.json))
}

/// Whether the worker may be stock execnet, which does not report the end of code after `finish_sending`.
fn is_stock(spec: &XSpec) -> bool {
    spec.has("socket") || spec.get("bootstrap") == Some("execnet")
}

/// Prints items until the channel ends. Output stays buffered only while more items are available.
fn print_items(channel: &Channel, printer: &mut Printer) -> Result<(), Failure> {
    while let Some(item) = next_item(channel, printer)? {
        printer.print(&item)?;
    }
    Ok(())
}

fn next_item(channel: &Channel, printer: &mut Printer) -> Result<Option<Item>, Failure> {
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
