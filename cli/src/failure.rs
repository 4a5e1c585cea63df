//! Why a command did not do its work, and the exit status that says so.

use core::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use execnet::report;

use crate::escape::escaped;

/// The exit status of a run that was given up because its time was over, as timeout(1) has it.
pub(crate) const TIMED_OUT: u8 = 124;

/// The exit status of a run that signal `number` ended, as shells have it.
pub(crate) const fn signalled(number: u8) -> u8 {
    128 + number
}

/// The exit status of a run whose workers did not end in the time that they had, and were killed: SIGKILL's, as timeout(1)
/// has it.
pub(crate) const KILLED: u8 = signalled(9);

/// SIGPIPE, which Rust programs see as a failed write instead.
const PIPE: u8 = 13;

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The remote code raised an exception; its traceback.
    Remote(String),
    /// The data is none of execnet's, or says what the output cannot.
    Data(Box<dyn Error>),
    /// What was asked for makes no sense, or names a file that cannot be read.
    Usage(String, Box<dyn Error>),
    /// The gateway could not be made, or it died.
    Gateway(Box<dyn Error>),
    /// Standard output does not take the result.
    Output(io::Error),
    /// A worker did not end in the time that it had, and was killed. The user knows it already.
    Killed,
}

impl Failure {
    /// The same, about one of several gateways.
    pub(crate) fn of(self, label: &str) -> Self {
        match self {
            Self::Gateway(error) => Self::Gateway(format!("{label}: {}", report(&*error)).into()),
            Self::Usage(what, error) => Self::Usage(format!("{label}: {what}"), error),
            other => other,
        }
    }

    /// The same, of a command that did the rest of its work.
    pub(crate) fn partial(self) -> Self {
        match self {
            Self::Gateway(error) => Self::Data(error),
            Self::Usage(what, error) => Self::Data(format!("{what}: {}", report(&*error)).into()),
            other => other,
        }
    }

    /// Tells the user on standard error. A reader that closed standard output knows already.
    pub(crate) fn report(&self) {
        let text = match self {
            Self::Remote(traceback) => traceback.clone(),
            Self::Data(error) | Self::Gateway(error) => format!("execnet: {}", report(&**error)),
            Self::Usage(what, error) => format!("execnet: {what}: {}", report(&**error)),
            Self::Killed => return,
            Self::Output(error) if is_closed(error) => return,
            Self::Output(error) => format!("execnet: standard output: {error}"),
        };
        // Standard error may be closed as well; then there is nobody left to tell.
        let _ = writeln!(io::stderr(), "{}", escaped(text.trim_end()));
    }

    /// The exit status, as the command's help lists them.
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
