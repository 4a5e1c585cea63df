//! `execnet exec`: runs code on a gateway and prints what it sends.

use alloc::sync::Arc;
use core::time::Duration;

use execnet::{Channel, Gateway, Group, Item, ReceiveError, SendError};

use crate::args::Exec;
use crate::failure::Failure;
use crate::input;
use crate::printer::Printer;
use crate::watch::Watch;

/// What a worker whose code has ended gets to leave by itself: what execnet's exit hook gives.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &Exec) -> Result<(), Failure> {
    let program = Program::read(args)?;
    let group = Arc::new(Group::new());
    let doomed = Arc::clone(&group);
    let kill = move || drop(doomed.terminate(Some(Duration::ZERO)));
    let watch = Watch::start(args.timeout, kill).map_err(|error| Failure::Gateway(error.into()))?;
    let outcome = converse(&group, args, &program);
    // From here on nothing takes long, and the workers are ended in one place.
    drop(watch);
    group.terminate(Some(match outcome {
        Ok(()) | Err(Failure::Remote(_)) => PATIENCE,
        Err(_) => Duration::ZERO,
    }));
    outcome
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
        let source = match args.code.as_deref() {
            Some("-") | None => input::text(file)?,
            Some(code) => code.to_owned(),
        };
        let file = file.map(|path| path.display().to_string());
        Ok(Self { source, file })
    }

    fn start(&self, gateway: &Gateway) -> Result<Channel, SendError> {
        match &self.file {
            Some(file) => gateway.remote_exec_module(&self.source, file),
            None => gateway.remote_exec(&self.source),
        }
    }
}

fn converse(group: &Group, args: &Exec, program: &Program) -> Result<(), Failure> {
    let gateway = group.makegateway(&args.spec).map_err(super::not_made)?;
    let channel = program.start(&gateway).map_err(not_sent)?;
    for value in &args.send {
        match channel.send(value) {
            // The code ended before it took everything: how, the items and errors that came tell.
            Err(SendError::Closed) => break,
            sent => sent.map_err(not_sent)?,
        }
    }
    print_items(&channel, &mut Printer::new(args.json))
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
