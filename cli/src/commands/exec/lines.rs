//! The lines of standard input as items.

use std::io::{self, BufRead as _};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use execnet::serializer::json::from_json;
use execnet::{Channel, SendError, Value};

use crate::args::LineFormat;
use crate::failure::Failure;
use crate::stdin;

/// The value of a line, or why the line cannot be read as one.
pub(super) type Line = Result<Value, String>;

/// The values of the lines of standard input, for each target.
pub(super) fn share(
    format: LineFormat,
    targets: usize,
    parallel: usize,
) -> Result<Vec<Receiver<Line>>, Failure> {
    let input = io::stdin();
    let mut lines = (1_u64..).map_while(move |number| {
        let mut line = Vec::new();
        let value = match input.lock().read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => parse(format, &line),
            Err(error) => Err(format!(": {error}")),
        };
        Some(value.map_err(|error| format!("standard input, line {number}{error}")))
    });
    // Nothing follows an error: it may be that of every further read.
    let mut failed = false;
    let read = move || {
        let line = if failed { None } else { lines.next() };
        failed = line.as_ref().is_some_and(Result::is_err);
        line
    };
    let shared = stdin::share(targets, parallel, read);
    shared.map_err(|error| Failure::Gateway(error.into()))
}

/// The value of a line. An error begins with what follows the number of the line.
fn parse(format: LineFormat, line: &[u8]) -> Line {
    let text = str::from_utf8(line).map_err(|error| format!(": {error}"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match format {
        LineFormat::Text => Ok(Value::from(text)),
        LineFormat::Literal => text.trim().parse().map_err(|error| format!(": {error}")),
        LineFormat::Json => {
            let json = serde_json::from_str(text).map_err(|error| in_column(&error))?;
            from_json(json).map_err(|error| format!(": {error}"))
        }
    }
}

/// The error without the line that JSON counts, which is always the first.
fn in_column(error: &serde_json::Error) -> String {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let text = text.strip_suffix(&place).unwrap_or(&text);
    format!(", column {}: {text}", error.column())
}

/// Sends values and then lines in a thread of its own, while the items of the code are printed. Returns where the error of
/// one arrives. The items end before it; if the worker does not see their end, the channel is closed.
pub(super) fn feed(
    channel: &Channel,
    values: Vec<Value>,
    lines: Option<Receiver<Line>>,
    end: bool,
) -> Result<Receiver<Failure>, Failure> {
    let (errors, failed) = mpsc::channel();
    let channel = channel.clone();
    // Not joined: it may wait for a line until the process ends.
    let thread = thread::Builder::new().name("execnet-items".into());
    let feeder = move || {
        let lines = lines.into_iter().flatten();
        for line in values.into_iter().map(Ok).chain(lines) {
            let failure = match line.map(|value| channel.send(&value)) {
                Ok(Ok(())) => continue,
                Ok(Err(SendError::Encode(error))) => Failure::Data(error.into()),
                // The code ended before it received everything: its items and its error say how.
                Ok(Err(_)) => return,
                Err(error) => Failure::Data(error.into()),
            };
            // Before the end of the items, which may end the command.
            let _ = errors.send(failure);
            if !end {
                channel.close();
            }
            break;
        }
        if end {
            channel.finish_sending();
        }
    };
    let spawned = thread.spawn(feeder);
    spawned.map_err(|error| Failure::Gateway(error.into()))?;
    Ok(failed)
}
