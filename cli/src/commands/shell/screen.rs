//! What the program in the worker sends: output, which is printed at once, and events.

use std::io::{self, Write as _};
use std::sync::mpsc::Sender;

use execnet::{Channel, DisconnectReason, ReceiveError, Value};
use rustyline::ExternalPrinter;

use crate::escape::escaped;
use crate::prompt::Prompt;

/// What the prompt has to do.
#[derive(Debug)]
pub(super) enum Event {
    /// Code can be typed; behind this text.
    Prompt(String),
    /// Code reads standard input; behind what it has printed in this line.
    Input(String),
    /// The answer to a request for completions.
    Completions(Vec<String>),
    /// The code has left the shell, with this status.
    Exit(u8),
    /// Standard output cannot be written.
    Output(io::Error),
    /// The worker is gone, or its program has failed.
    End(ReceiveError),
}

/// Where output goes.
pub(super) enum Screen {
    /// A terminal, on which a line may be edited at the same time.
    Terminal(Box<dyn ExternalPrinter + Send>),
    /// Standard output and standard error.
    Streams,
}

/// Prints output and sends events, until the worker's program ends.
pub(super) fn print(
    channel: &Channel,
    mut screen: Screen,
    prompt: &Prompt,
    events: &Sender<Event>,
) {
    // What has been printed in the last line on the terminal. The prompt comes behind it.
    let mut line = String::new();
    loop {
        let event = match channel.receive() {
            Ok(item) => match parse(&item) {
                Some(Message::Output(is_error, text)) => {
                    match screen.write(is_error, text, &mut line) {
                        Ok(()) => continue,
                        Err(error) => Event::Output(error),
                    }
                }
                Some(Message::Event(event)) => event,
                // Our program sends no others.
                None => continue,
            },
            Err(error) => {
                // At the prompt, the user would learn of it from the next line only.
                if is_lost(&error) && !prompt.is_running() {
                    screen.notice("\nexecnet: the worker is gone; press Enter\n");
                }
                Event::End(error)
            }
        };
        let event = match event {
            Event::Prompt(prompt) => Event::Prompt(core::mem::take(&mut line) + &prompt),
            Event::Input(_) => Event::Input(core::mem::take(&mut line)),
            event => event,
        };
        let is_last = matches!(event, Event::Output(_) | Event::End(_) | Event::Exit(_));
        if events.send(event).is_err() || is_last {
            return;
        }
    }
}

/// Whether the link has ended, and not by this program.
fn is_lost(error: &ReceiveError) -> bool {
    match error {
        ReceiveError::Disconnected(error) => !matches!(error.reason(), DisconnectReason::Exited),
        _ => false,
    }
}

enum Message<'a> {
    /// Text for standard error, or else for standard output.
    Output(bool, &'a str),
    Event(Event),
}

fn parse(item: &Value) -> Option<Message<'_>> {
    let Value::Tuple(parts) = item else {
        return None;
    };
    let [kind, value] = &**parts else {
        return None;
    };
    let text = value.as_str().unwrap_or_default();
    Some(match kind.as_str()? {
        "out" => Message::Output(false, text),
        "err" => Message::Output(true, text),
        "prompt" => Message::Event(Event::Prompt(escaped(text))),
        "input" => Message::Event(Event::Input(String::new())),
        "completions" => Message::Event(Event::Completions(names(value))),
        "exit" => Message::Event(Event::Exit(status(value))),
        _ => return None,
    })
}

fn names(value: &Value) -> Vec<String> {
    let Value::List(names) = value else {
        return Vec::new();
    };
    names
        .iter()
        .filter_map(Value::as_str)
        .map(escaped)
        .collect()
}

fn status(value: &Value) -> u8 {
    match value {
        Value::Int(status) => u8::try_from(status).unwrap_or(1),
        _ => 1,
    }
}

impl Screen {
    /// Prints a text above the line that is edited, if there is one.
    fn notice(&mut self, text: &str) {
        if let Self::Terminal(printer) = self {
            // The failure is reported at the end.
            let _ = printer.print(text.to_owned());
        }
    }

    fn write(&mut self, is_error: bool, text: &str, line: &mut String) -> io::Result<()> {
        match self {
            Self::Terminal(printer) => {
                let text = escaped(text);
                match text.rsplit_once('\n') {
                    Some((_, rest)) => rest.clone_into(line),
                    None => line.push_str(&text),
                }
                printer.print(text).map_err(io::Error::other)
            }
            Self::Streams if is_error => {
                // Standard error may be closed.
                let _ = io::stderr().write_all(escaped(text).as_bytes());
                Ok(())
            }
            Self::Streams => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }
        }
    }
}
