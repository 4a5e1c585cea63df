//! The thread that hears what becomes of a far process.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, PipeWriter, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::thread;

use execnet_core_sync::{Channel, ReceiveError, WaitCloseError, report};
use execnet_serializer::Value;

use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::relay::state::{Shared, Start, State};
use crate::relay::stream::{bytes, text};

/// How long the end of the relay's own channel may come after that of the other.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts it; it ends with the channel. Standard error goes into `stderr`.
pub(super) fn start(
    name: &str,
    control: Channel,
    shared: Arc<Shared>,
    stderr: PipeWriter,
) -> io::Result<()> {
    let thread = thread::Builder::new().name(format!("relay of {name}"));
    thread.spawn(move || {
        let why = hear(&control, &shared, stderr);
        shared.change(|state| {
            if state.exit.is_none() {
                state.lost = Some(why);
            }
        });
    })?;
    Ok(())
}

/// Until there is nothing more to hear; then, why.
fn hear(control: &Channel, shared: &Shared, mut stderr: PipeWriter) -> String {
    loop {
        let item = match control.receive() {
            Ok(item) => item.into_value(),
            Err(ReceiveError::Closed) => return ended(shared),
            Err(error) => return format!("{:#}", report(&error)),
        };
        let Some((what, value)) = event(item) else {
            return "the relay said what makes no sense".to_owned();
        };
        match (what.as_str(), value) {
            ("stderr", value) => {
                // The reader of this pipe is ours; without it nobody wants to know.
                let _ = stderr.write_all(&bytes(value).unwrap_or_default());
            }
            (what, value) => shared.change(|state| note(state, what, value)),
        }
    }
}

/// Why the relay ended.
fn ended(shared: &Shared) -> String {
    let call = shared.wait(Deadline::after(PATIENCE), |state| state.call.clone());
    match call.map(|call| call.wait_close(Some(PATIENCE))) {
        Some(Err(error @ WaitCloseError::Remote(_))) => format!("{:#}", report(&error)),
        _ => "the relay ended".to_owned(),
    }
}

fn note(state: &mut State, what: &str, value: Value) {
    match what {
        "started" => state.start = Some(Start::Done),
        "missing" => state.start = Some(Start::Missing),
        "failed" => state.start = Some(failure(value)),
        "deaf" => state.deaf = true,
        "wrote" => {
            let size = value.as_i64().and_then(|size| usize::try_from(size).ok());
            state.unwritten = state.unwritten.saturating_sub(size.unwrap_or(0));
        }
        "exit" => state.exit = value.as_i64().map(exit),
        // From a relay that knows more than we do.
        _ => {}
    }
}

/// Python's number: the status, or the signal below zero.
fn exit(status: i64) -> Exit {
    let status = i32::try_from(status).unwrap_or(i32::MAX);
    // As wait(2) has it.
    let raw = if status < 0 {
        status.saturating_neg() & 0x7f
    } else {
        (status & 0xff) << 8
    };
    Exit::new(ExitStatus::from_raw(raw))
}

fn failure(value: Value) -> Start {
    let Value::Tuple(parts) = value else {
        return Start::Failed(0, String::new());
    };
    let mut parts = parts.into_iter();
    let number = parts.next().and_then(|number| number.as_i64());
    let number = number.and_then(|number| i32::try_from(number).ok());
    let why = parts.next().and_then(text);
    Start::Failed(number.unwrap_or(0), why.unwrap_or_default())
}

fn event(item: Value) -> Option<(String, Value)> {
    let Value::Tuple(parts) = item else {
        return None;
    };
    let [what, value] = <[Value; 2]>::try_from(parts).ok()?;
    Some((text(what)?, value))
}
