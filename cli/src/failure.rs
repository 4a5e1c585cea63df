//! Errors of a command, and their exit statuses.

use core::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use execnet::report;

use crate::escape::escaped;

/// The exit status of a run that timed out, as timeout(1) has it.
pub(crate) const TIMED_OUT: u8 = 124;

/// The exit status of a run that a signal ended, as shells have it.
pub(crate) const fn signalled(number: u8) -> u8 {
    128 + number
}

/// The exit status of a run whose workers were killed: that of SIGKILL, as timeout(1) has it.
pub(crate) const KILLED: u8 = signalled(9);

/// SIGPIPE. Rust programs ignore it and get an error from the write instead.
const PIPE: u8 = 13;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The remote code raised an exception; its traceback.
    Remote(String),
    /// Data is malformed, cannot be represented, or was not copied.
    Data(Box<dyn Error>),
    /// An argument is invalid, or names a file that cannot be opened; what it is about, and the error.
    Usage(String, Box<dyn Error>),
    /// The worker cannot be started, or its connection was lost; the server cannot listen.
    Gateway(Box<dyn Error>),
    /// Standard output cannot be written.
    Output(io::Error),
    /// Workers were killed, as they did not exit in time. That is reported already.
    Killed,
}

impl Failure {
    /// Adds which of several gateways the failure is about.
    pub(crate) fn of(self, label: &str) -> Self {
        match self {
            Self::Gateway(error) => Self::Gateway(format!("{label}: {}", report(&*error)).into()),
            Self::Usage(what, error) => Self::Usage(format!("{label}: {what}"), error),
            other => other,
        }
    }

    /// Converts the failure of one target into that of a command whose other targets succeeded or failed by themselves.
    pub(crate) fn partial(self) -> Self {
        match self {
            Self::Gateway(error) => Self::Data(error),
            Self::Usage(what, error) => Self::Data(format!("{what}: {}", report(&*error)).into()),
            other => other,
        }
    }

    /// Prints the error to standard error. That the reader of standard output closed it is not worth a message.
    pub(crate) fn report(&self) {
        let text = match self {
            Self::Remote(traceback) => traceback.clone(),
            Self::Data(error) | Self::Gateway(error) => format!("execnet: {}", report(&**error)),
            Self::Usage(what, error) => format!("execnet: {what}: {}", report(&**error)),
            Self::Killed => return,
            Self::Output(error) if is_closed(error) => return,
            Self::Output(error) => format!("execnet: standard output: {error}"),
        };
        // Standard error may be closed too; the exit status remains.
        let _ = writeln!(io::stderr(), "{}", escaped(text.trim_end()));
    }

    /// The exit status, as documented in `execnet --help`.
    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(error) if is_closed(error) => signalled(PIPE),
            Self::Remote(_) | Self::Data(_) | Self::Output(_) => 1,
            Self::Usage(..) => 2,
            Self::Gateway(_) => 3,
            Self::Killed => KILLED,
        })
    }
}

fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
