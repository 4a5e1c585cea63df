//! Commands on the machine of a worker.

mod child;
mod error;
mod output;
mod streams;

pub use child::RemoteChild;
pub use error::CommandError;
pub use output::CommandOutput;

use core::fmt;
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use execnet_core_sync::Gateway;
use execnet_serializer::Value;

use crate::deadline::Deadline;
use crate::sys;

/// A command to run where the worker of a gateway is, in the style of [`std::process::Command`]: made by
/// [`GatewayExt::command`](crate::GatewayExt::command).
///
/// ```no_run
/// use execnet::GatewayExt as _;
///
/// let group = execnet::Group::new();
/// let gateway = group.make_gateway("ssh=web1")?;
/// let output = gateway.command(["df", "-h"]).output()?;
/// println!("{}{}", String::from_utf8_lossy(&output.stdout), output.exit);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The worker is a Python interpreter on a POSIX system with `/bin/sh`. No shell reads the arguments: the first is the
/// program, which is searched in the `PATH` of the worker.
///
/// # End
///
/// The command has a process group of its own. All of it is killed when the command has ended, its
/// [`RemoteChild`] is killed or dropped, the gateway exits or its worker dies for any reason, unless a process has left
/// the group.
#[must_use = "runs with `output` or `spawn`"]
pub struct RemoteCommand<'a> {
    gateway: &'a Gateway,
    args: Vec<OsString>,
    directory: Option<PathBuf>,
    /// In order. `None` removes a variable.
    environment: Vec<(OsString, Option<OsString>)>,
    input: Vec<u8>,
    on_stdout: Option<OnOutput<'a>>,
    on_stderr: Option<OnOutput<'a>>,
}

/// A function that gets output when it arrives.
type OnOutput<'a> = Box<dyn FnMut(&[u8]) + 'a>;

impl<'a> RemoteCommand<'a> {
    pub(crate) fn new(gateway: &'a Gateway, args: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        Self {
            gateway,
            args: args
                .into_iter()
                .map(|arg| arg.as_ref().to_owned())
                .collect(),
            directory: None,
            environment: Vec::new(),
            input: Vec::new(),
            on_stdout: None,
            on_stderr: None,
        }
    }

    /// Sets the directory that the command runs in. Default: that of the worker.
    pub fn with_current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// Sets a variable of the environment, which is else that of the worker; `None` removes it.
    pub fn with_env(mut self, name: impl AsRef<OsStr>, value: Option<impl AsRef<OsStr>>) -> Self {
        let value = value.map(|value| value.as_ref().to_owned());
        self.environment.push((name.as_ref().to_owned(), value));
        self
    }

    /// Sets the standard input of [`output`](Self::output). It is sent at once: the worker keeps it in memory. Default:
    /// empty. [`spawn`](Self::spawn) ignores it; the child has [`take_stdin`](RemoteChild::take_stdin).
    pub fn with_stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Sets a function that gets the standard output of [`output`](Self::output) when it arrives, in pieces that need
    /// not be lines. It is not collected then. The command waits if the function takes long.
    pub fn on_stdout(mut self, callback: impl FnMut(&[u8]) + 'a) -> Self {
        self.on_stdout = Some(Box::new(callback));
        self
    }

    /// As [`on_stdout`](Self::on_stdout), for the standard error.
    pub fn on_stderr(mut self, callback: impl FnMut(&[u8]) + 'a) -> Self {
        self.on_stderr = Some(Box::new(callback));
        self
    }

    /// Runs the command, and waits for its end and the end of its output.
    ///
    /// A status other than 0 is not an error: see [`CommandOutput::exit`].
    ///
    /// # Errors
    ///
    /// The command cannot be started, or the worker is gone.
    pub fn output(self) -> Result<CommandOutput, CommandError> {
        output::run(self, Deadline::NEVER)
    }

    /// As [`output`](Self::output), for at most `timeout`. A command that takes longer is killed.
    ///
    /// # Errors
    ///
    /// As [`output`](Self::output), or [`CommandError::Timeout`].
    pub fn output_timeout(self, timeout: Duration) -> Result<CommandOutput, CommandError> {
        output::run(self, Deadline::after(timeout))
    }

    /// Starts the command with pipes for its standard streams. Waits until it is started.
    ///
    /// # Errors
    ///
    /// As [`output`](Self::output).
    pub fn spawn(self) -> Result<RemoteChild, CommandError> {
        RemoteChild::start(&self, None, Deadline::NEVER)
    }

    /// The item that starts it, but for the channels.
    fn request(&self) -> (Value, Value, Value) {
        let bytes = |text: &OsString| Value::Bytes(sys::os_bytes(text).to_vec());
        let variable = |(name, value): &(OsString, Option<OsString>)| {
            let value = value.as_ref().map_or(Value::None, bytes);
            Value::Tuple(vec![bytes(name), value])
        };
        let directory = self.directory.as_ref();
        (
            Value::List(self.args.iter().map(bytes).collect()),
            directory.map_or(Value::None, |path| {
                Value::Bytes(sys::os_bytes(path.as_os_str()).to_vec())
            }),
            Value::List(self.environment.iter().map(variable).collect()),
        )
    }
}

impl fmt::Debug for RemoteCommand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteCommand")
            .field("gateway", &self.gateway)
            .field("args", &self.args)
            .field("directory", &self.directory)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}
