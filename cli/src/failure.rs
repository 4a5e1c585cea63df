//! Errors of a command, and their exit statuses.

use core::error::Error;
use std::io;

use execnet::{BootstrapErrorKind, MakeGatewayError, report};

use crate::messages;

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
    Data(Box<dyn Error + Send + Sync>),
    /// An argument is invalid, or names a file that cannot be opened; what it is about, and the error.
    Usage(String, Box<dyn Error + Send + Sync>),
    /// The worker cannot be started.
    Start(MakeGatewayError),
    /// The connection to a worker was lost; the server cannot listen.
    Gateway(Box<dyn Error + Send + Sync>),
    /// A program failed or cannot be started; how, and the exit status.
    Program(String, u8),
    /// Standard output cannot be written.
    Output(io::Error),
    /// The arguments do not fit together; an error in the form of clap's.
    Arguments(clap::Error),
    /// Something that is reported already, with this exit status.
    Reported(u8),
}

impl Failure {
    /// Adds which of several gateways the failure is about.
    pub(crate) fn of(self, label: &str) -> Self {
        match self {
            Self::Start(_) | Self::Gateway(_) => {
                Self::Gateway(format!("{label}: {}", self.in_short()).into())
            }
            Self::Usage(what, error) => Self::Usage(format!("{label}: {what}"), error),
            other => other,
        }
    }

    /// Prints the error to standard error. That the reader of standard output closed it is not worth a message.
    pub(crate) fn report(&self) {
        match self {
            Self::Remote(traceback) => messages::print_lines("", traceback.trim_end()),
            // Fails if standard error is closed; the exit status remains.
            Self::Arguments(error) => drop(error.print()),
            Self::Reported(_) => {}
            Self::Output(error) if is_closed(error) => {}
            other => {
                messages::print(other.text().trim_end());
                if let Some(hint) = self.hint() {
                    messages::print(&format!("hint: {hint}"));
                }
            }
        }
    }

    /// The error and what to do next in one line, for a list of failures.
    pub(crate) fn in_short(&self) -> String {
        let text = self.text();
        match self {
            // The last line of a traceback names the exception.
            Self::Remote(_) => text
                .trim_end()
                .lines()
                .next_back()
                .unwrap_or_default()
                .to_owned(),
            _ => {
                // The command has been typed, or belongs to a spec that was.
                let lines = text.lines().map(str::trim);
                let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("command: "));
                lines.chain(self.hint()).collect::<Vec<_>>().join("; ")
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Remote(traceback) => traceback.clone(),
            Self::Start(error) => report(error).to_string(),
            Self::Data(error) | Self::Gateway(error) => report(&**error).to_string(),
            Self::Usage(what, error) => format!("{what}: {}", report(&**error)),
            Self::Program(text, _) => text.clone(),
            Self::Arguments(error) => error.to_string(),
            Self::Output(error) => format!("standard output: {error}"),
            Self::Reported(status) => format!("failed with status {status}"),
        }
    }

    /// What to do next.
    fn hint(&self) -> Option<&'static str> {
        use BootstrapErrorKind as Kind;
        let Self::Start(error) = self else {
            return None;
        };
        Some(match error.as_bootstrap()?.kind() {
            Kind::HostUnreachable => "check the name of the host, the port and the network",
            Kind::AuthenticationRefused => {
                "check the user and the key, certificate or token; for ssh=HOST, the command \
                 `ssh -o BatchMode=yes HOST true` has to succeed"
            }
            Kind::HostKeyRefused => {
                "for ssh=HOST, run `ssh HOST` once and check the key that it shows; for sockets, \
                 check tls_ca= and token_file="
            }
            Kind::NoInterpreter => {
                "name an interpreter in the spec, such as python=/usr/bin/python3"
            }
            Kind::NoContainer => {
                "list the running containers: docker ps, podman ps or kubectl get pods"
            }
            Kind::ContainerNotRunning => "start the container first",
            Kind::NoDirectory => "check chdir= of the spec",
            Kind::UnexpectedOutput => {
                "a login script or another program has written this; nothing may be written before \
                 the worker starts"
            }
            Kind::TimedOut => "--start-timeout gives it more time",
            _ => return None,
        })
    }

    /// The exit status, as documented in `execnet --help`.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Output(error) if is_closed(error) => signalled(PIPE),
            Self::Remote(_) | Self::Data(_) | Self::Output(_) => 1,
            Self::Usage(..) | Self::Arguments(_) => 2,
            Self::Start(_) | Self::Gateway(_) => 3,
            Self::Program(_, status) | Self::Reported(status) => *status,
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self::Arguments(error)
    }
}

fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
