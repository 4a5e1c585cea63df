//! `execnet trace record`: runs a command whose processes write traces.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use clap::{Args, ValueHint};

use super::show::trace_files;
use crate::failure::Failure;
use crate::messages;

/// Run a command, and write a trace of each of its processes that use execnet
///
/// Every process of this project's libraries and of its workers, in Rust and in Python, writes a file
/// `execnet-debug-<pid>`: the frames that its gateways send and receive, with the time and the first 512 bytes of each
/// payload. Only you can read the directory. Workers on other hosts are not traced, but this end of their gateways is.
///
/// Ends with the exit status of the command. Signals that would end this process go to the command.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// Directory for the files; it is created, and must be empty if it exists
    #[arg(short, long, value_name = "DIR", default_value = "execnet-trace", value_hint = ValueHint::DirPath)]
    output: PathBuf,
    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

pub(super) fn run(args: &Record) -> Result<(), Failure> {
    let [program, arguments @ ..] = &*args.command else {
        return Ok(());
    };
    let directory = empty_directory(&args.output).map_err(|error| {
        let what = format!("directory {:?}", args.output);
        Failure::Usage(what, error.into())
    })?;
    // Before the start: an interrupt at any moment is the command's affair.
    let signals = signals::Forward::new().map_err(|error| Failure::Gateway(error.into()))?;
    let child = Command::new(program)
        .args(arguments)
        .env("EXECNET_DEBUG", &directory)
        .spawn()
        .map_err(|error| Failure::Usage(format!("cannot run {program:?}"), error.into()))?;
    let status = signals
        .wait(child)
        .map_err(|error| Failure::Gateway(error.into()))?;
    report(&directory);
    match exit_code(status) {
        0 => Ok(()),
        code => Err(Failure::Reported(code)),
    }
}

/// Creates the directory, and returns its absolute path.
fn empty_directory(path: &Path) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    // Traces hold what the gateways send.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)?;
    if fs::read_dir(path)?.next().is_some() {
        let error = "it is not empty; remove it, or choose another with -o";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
    }
    path.canonicalize()
}

/// Names the files on standard error: standard output is the command's.
fn report(directory: &Path) {
    let files = trace_files(directory).unwrap_or_default();
    for file in &files {
        messages::print(&format!("trace: {}", file.display()));
    }
    let shown = directory.display();
    messages::print(&if files.is_empty() {
        format!("no process wrote a trace into {shown}: the command made no gateway")
    } else {
        format!("to see them: execnet trace show {shown} -o trace.html")
    });
}

/// The exit status that a shell has for it.
fn exit_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(signal).map_or(1, crate::failure::signalled);
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1)
}

#[cfg(unix)]
mod signals {
    use super::*;
    use std::thread;

    use rustix::process::{Pid, Signal, kill_process};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::iterator::SignalsInfo;
    use signal_hook::iterator::exfiltrator::origin::WithOrigin;
    use signal_hook::low_level::siginfo::Origin;

    /// Keeps signals from ending this process before the command has ended. Ctrl-C and Ctrl-\ reach the command by
    /// themselves, because the terminal signals its whole process group; the others are passed on.
    pub(super) struct Forward(SignalsInfo<WithOrigin>);

    /// Whether the command does not get the signal by itself. Of a signal of the terminal no process is the sender.
    fn is_ours(origin: &Origin) -> bool {
        matches!(origin.signal, SIGTERM | SIGHUP) || origin.process.is_some()
    }

    impl Forward {
        pub(super) fn new() -> io::Result<Self> {
            SignalsInfo::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP]).map(Self)
        }

        pub(super) fn wait(mut self, mut child: Child) -> io::Result<ExitStatus> {
            let handle = self.0.handle();
            let pid = Pid::from_child(&child);
            let forward = move || {
                for origin in self.0.forever().filter(is_ours) {
                    if let Some(signal) = Signal::from_named_raw(origin.signal) {
                        // Fails if the command has just ended.
                        let _ = kill_process(pid, signal);
                    }
                }
            };
            let forward = thread::Builder::new()
                .name("execnet-signals".into())
                .spawn(forward)?;
            let status = child.wait();
            handle.close();
            // It has no panic of its own.
            let _ = forward.join();
            status
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use super::*;

    /// Ctrl-C ends both processes here.
    pub(super) struct Forward;

    impl Forward {
        pub(super) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn wait(self, mut child: Child) -> io::Result<ExitStatus> {
            child.wait()
        }
    }
}
