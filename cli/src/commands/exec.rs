//! `execnet exec`: runs code on a gateway and prints what it sends.

use core::time::Duration;

use execnet::{
    Channel, Gateway, Group, GroupOptions, Item, Overflowing, ReceiveError, SendError, Stdout,
    XSpec,
};

use crate::args::Exec;
use crate::failure::Failure;
use crate::printer::Printer;
use crate::source::Source;
use crate::workers::Workers;

/// Code that ends by itself when its link does has so long for it; then it is interrupted.
const END_OF_LINK: Duration = Duration::from_millis(100);

/// How many bytes of items may wait to be printed. At this bound nothing is read from the worker, so that remote code
/// waits for a slow reader of standard output. The loop that prints takes whatever holds others up: there is no deadlock.
const INBOX: usize = 4 * 1024 * 1024;

pub(crate) fn run(args: &Exec) -> Result<(), Failure> {
    let program = Program::read(args)?;
    let mut options = GroupOptions::default();
    options.grace.interrupt = END_OF_LINK;
    options.stdout = Stdout::Stderr;
    options.inbox.gateway = Some(INBOX);
    options.inbox.overflow = Overflowing::Pause;
    Workers::new(options, args.run.grace)
        .run(args.run.timeout, |group| converse(group, args, &program))
}

/// The code to run.
struct Program {
    source: String,
    /// For tracebacks.
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

fn converse(group: &Group, args: &Exec, program: &Program) -> Result<(), Failure> {
    let gateway = group.make_gateway(&args.spec).map_err(super::not_made)?;
    let channel = program.start(&gateway).map_err(not_sent)?;
    for value in &args.send {
        match channel.send(value) {
            // The code ended before it took everything: how, the items and errors that came tell.
            Err(SendError::Closed) => break,
            sent => sent.map_err(not_sent)?,
        }
    }
    if !args.send.is_empty() && !is_stock(&args.spec) {
        channel.finish_sending();
    }
    print_items(&channel, &mut Printer::new(args.json))
}

/// Whether stock execnet may be at the other end: it does not tell the end of code that has seen the end of its items.
fn is_stock(spec: &XSpec) -> bool {
    spec.has("socket") || spec.get("bootstrap") == Some("execnet")
}

/// Prints items until the channel ends. What is printed stays in the buffer only while more items
/// are at hand.
fn print_items(channel: &Channel, printer: &mut Printer) -> Result<(), Failure> {
    while let Some(item) = next_item(channel, printer)? {
        printer.print(&item)?;
    }
    Ok(())
}

fn next_item(channel: &Channel, printer: &mut Printer) -> Result<Option<Item>, Failure> {
    let waiting = match channel.try_receive() {
        Ok(None) => {
            printer.flush()?;
            channel.receive().map(Some)
        }
        at_hand => at_hand,
    };
    waiting.or_else(|error| {
        printer.flush()?;
        match error {
            ReceiveError::Closed => Ok(None),
            ReceiveError::Remote(error) => Err(Failure::Remote(error.text().to_owned())),
            ReceiveError::Item(error) => Err(Failure::Data(error.into())),
            error => Err(Failure::Gateway(error.into())),
        }
    })
}

fn not_sent(error: SendError) -> Failure {
    match error {
        SendError::Encode(error) => Failure::Data(error.into()),
        error => Failure::Gateway(error.into()),
    }
}
