//! A command that runs on the other side.

use core::fmt;
use core::time::Duration;
use std::io::{self, BufRead, Write};

use execnet_core_sync::{Channel, Gateway, Item, ReceiveError, SendError, escaped};
use execnet_serializer::{Dict, StrConfig, Value};

use super::RemoteCommand;
use super::error::CommandError;
use super::streams::{Input, Output};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::python::COMMAND;

/// The function of the program.
const FUNCTION: &str = "execnet_command";

/// A running command, in the style of [`std::process::Child`]: see [`RemoteCommand::spawn`].
///
/// Unlike there, dropping it kills the command.
///
/// ```no_run
/// use execnet::GatewayExt as _;
/// use std::io::BufRead as _;
///
/// # fn example(gateway: execnet::Gateway) -> Result<(), Box<dyn std::error::Error>> {
/// let mut child = gateway.command(["tail", "-f", "/var/log/syslog"]).spawn()?;
/// let output = child.take_stdout().ok_or("taken twice")?;
/// for line in output.lines().take(10) {
///     println!("{}", line?);
/// }
/// child.kill();
/// println!("tail {}", child.wait()?);
/// # Ok(())
/// # }
/// ```
///
/// A command waits while about a mebibyte of its output is not read, as with a pipe. If a stream is not needed, take and
/// drop it: the command then finds it closed.
pub struct RemoteChild {
    control: Channel,
    id: i64,
    exit: Option<Exit>,
    stdin: Option<Input>,
    stdout: Option<Channel>,
    stderr: Option<Channel>,
}

impl RemoteChild {
    /// Starts a command. Its standard input is this one, or a pipe without one.
    pub(super) fn start(
        command: &RemoteCommand<'_>,
        input: Option<Vec<u8>>,
        deadline: Deadline,
    ) -> Result<Self, CommandError> {
        if command.args.is_empty() {
            let text = "no program is given";
            let error = io::Error::new(io::ErrorKind::InvalidInput, text);
            return Err(CommandError::Start(error));
        }
        let gateway = command.gateway;
        let (args, directory, environment) = command.request();
        let stdin = match input {
            Some(_) => None,
            None => Some(stream(gateway)?),
        };
        let source = match (&stdin, input) {
            (Some(channel), _) => Value::Channel(channel.id()),
            (None, Some(input)) if !input.is_empty() => Value::Bytes(input),
            _ => Value::None,
        };
        let (stdout, stderr) = (stream(gateway)?, stream(gateway)?);
        let control = gateway.remote_exec_function(&COMMAND, FUNCTION, &Dict::new())?;
        control.send((args, directory, environment, source, &stdout, &stderr))?;
        let id = started(receive(&control, deadline)?.into_value())?;
        Ok(Self {
            control,
            id,
            exit: None,
            stdin: stdin.map(Input::new),
            stdout: Some(stdout),
            stderr: Some(stderr),
        })
    }

    /// The process id, on the machine of the worker.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// A writer to the standard input, once. Dropping it ends the input. A write blocks while about a mebibyte is not
    /// read by the command, and [`flush`](Write::flush) until the pipe of the command has taken everything.
    pub fn take_stdin(&mut self) -> Option<impl Write + Send + use<>> {
        self.stdin.take()
    }

    /// A reader of the standard output, once.
    pub fn take_stdout(&mut self) -> Option<impl BufRead + Send + use<>> {
        self.stdout.take().map(Output::new)
    }

    /// A reader of the standard error, once.
    pub fn take_stderr(&mut self) -> Option<impl BufRead + Send + use<>> {
        self.stderr.take().map(Output::new)
    }

    /// Kills the command with its process group, by SIGKILL. Does not wait; a command that has ended is not affected.
    pub fn kill(&self) {
        // An error means that it has ended, or that the worker is gone, which kills it.
        let _ = self.control.send(());
    }

    /// Waits for the end of the command. Its standard input ends before, if nobody has taken it. Output that has arrived
    /// can be read afterwards.
    ///
    /// # Errors
    ///
    /// The worker is gone.
    pub fn wait(&mut self) -> Result<Exit, CommandError> {
        self.wait_until(Deadline::NEVER)
    }

    /// As [`wait`](Self::wait), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait), or [`CommandError::Timeout`]: the command still runs.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Exit, CommandError> {
        self.wait_until(Deadline::after(timeout))
    }

    fn wait_until(&mut self, deadline: Deadline) -> Result<Exit, CommandError> {
        drop(self.stdin.take());
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        let status = receive(&self.control, deadline)?;
        Ok(*self.exit.insert(exit(&status)))
    }

    /// The control channel, and those of the standard output and the standard error.
    pub(super) fn into_channels(self) -> Option<[Channel; 3]> {
        Some([self.control, self.stdout?, self.stderr?])
    }
}

/// A channel for a standard stream: what Python 2 sends are bytes.
fn stream(gateway: &Gateway) -> Result<Channel, SendError> {
    let channel = gateway.new_channel()?;
    channel.decode_strings(StrConfig::STORED)?;
    Ok(channel)
}

fn receive(channel: &Channel, deadline: Deadline) -> Result<Item, ReceiveError> {
    match deadline.remaining() {
        Some(left) => channel.receive_timeout(left),
        None => channel.receive(),
    }
}

/// The process id, or why there is no process.
fn started(answer: Value) -> Result<i64, CommandError> {
    if let Some(id) = answer.as_i64() {
        return Ok(id);
    }
    let number = answer.get(0).and_then(Value::as_i64).unwrap_or_default();
    let text = answer.get(1).and_then(Value::as_str).unwrap_or_default();
    // The usual numbers are those of any Unix.
    let known = i32::try_from(number).map(io::Error::from_raw_os_error);
    let kind = known.map_or(io::ErrorKind::Other, |error| error.kind());
    Err(CommandError::Start(io::Error::new(kind, escaped(text))))
}

/// How a command ended, as Python says it: a status, or the negative number of a signal.
pub(super) fn exit(status: &Value) -> Exit {
    status.as_i64().map_or(Exit::UNKNOWN, Exit::told)
}

impl fmt::Debug for RemoteChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteChild")
            .field("id", &self.id)
            .field("exit", &self.exit)
            .finish_non_exhaustive()
    }
}
