//! The thread that receives the events of a proxied worker.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Write};
use std::thread;

use execnet_core_sync::{Channel, ReceiveError, WaitCloseError, report};
use execnet_serializer::Value;

use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::proxy::state::{Shared, StartResult, State};
use crate::proxy::stream::{bytes, text};

/// How long the proxy's call may outlive its control channel.
const CALL_END_TIMEOUT: Duration = Duration::from_secs(1);

/// Starts the thread; it ends with the channel. The worker's standard error goes into `stderr`.
pub(super) fn start(
    name: &str,
    control: Channel,
    shared: Arc<Shared>,
    stderr: impl Write + Send + 'static,
) -> io::Result<()> {
    let thread = thread::Builder::new().name(format!("proxy of {name}"));
    thread.spawn(move || {
        let why = receive_events(&control, &shared, stderr);
        shared.change(|state| {
            // After the exit the channel is expected to end, and that is no reason to call the worker lost.
            if state.exit.is_none() {
                state.lost = Some(why);
            }
        });
    })?;
    Ok(())
}

/// Handles events until the channel ends; returns why it ended.
fn receive_events(control: &Channel, shared: &Shared, mut stderr: impl Write) -> String {
    loop {
        let item = match control.receive() {
            Ok(item) => item.into_value(),
            Err(ReceiveError::Closed) => return end_reason(shared),
            Err(error) => return format!("{:#}", report(&error)),
        };
        let Some((what, value)) = event(item) else {
            return "the proxy sent a malformed event".to_owned();
        };
        match (what.as_str(), value) {
            ("stderr", value) => {
                // Fails only if the reader of the pipe, which is ours, is gone.
                let _ = stderr.write_all(&bytes(value).unwrap_or_default());
            }
            (what, value) => shared.change(|state| apply(state, what, value)),
        }
    }
}

/// Why the proxy's program ended.
fn end_reason(shared: &Shared) -> String {
    // The uplink stores the channel of the call when both channels are sent, which may be after the events have ended.
    // The error of the call usually arrives after the end of `control`, as another channel's last message.
    let call = shared.wait(Deadline::after(CALL_END_TIMEOUT), |state| {
        state.call.clone()
    });
    match call.map(|call| call.wait_close_timeout(CALL_END_TIMEOUT)) {
        Some(Err(error @ WaitCloseError::Remote(_))) => format!("{:#}", report(&error)),
        _ => "the proxy ended".to_owned(),
    }
}

fn apply(state: &mut State, what: &str, value: Value) {
    match what {
        "started" => state.start = Some(StartResult::Done),
        "missing" => state.start = Some(StartResult::Missing),
        "failed" => state.start = Some(failure(value)),
        "deaf" => state.deaf = true,
        "wrote" => {
            let size = value.as_i64().and_then(|size| usize::try_from(size).ok());
            state.unwritten = state.unwritten.saturating_sub(size.unwrap_or(0));
        }
        "exit" => state.exit = value.as_i64().map(Exit::told),
        // An event of a newer proxy.
        _ => {}
    }
}

fn failure(value: Value) -> StartResult {
    let Value::Tuple(parts) = value else {
        return StartResult::Failed(0, String::new());
    };
    let mut parts = parts.into_iter();
    let number = parts.next().and_then(|number| number.as_i64());
    let number = number.and_then(|number| i32::try_from(number).ok());
    let why = parts.next().and_then(text);
    StartResult::Failed(number.unwrap_or(0), why.unwrap_or_default())
}

fn event(item: Value) -> Option<(String, Value)> {
    let Value::Tuple(parts) = item else {
        return None;
    };
    let [what, value] = <[Value; 2]>::try_from(parts).ok()?;
    Some((text(what)?, value))
}
