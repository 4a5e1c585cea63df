//! Why there is no gateway, or no longer.

/// Has `Debug` print the error with all its causes: it is what a program shows whose `main` returns it.
macro_rules! debug_as_report {
    ($error:ty) => {
        impl core::fmt::Debug for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&execnet_core_sync::report(self), f)
            }
        }
    };
}

pub(crate) use debug_as_report;

mod bootstrap;
mod cause;
mod excerpt;
mod slurm;
#[cfg(feature = "tls")]
mod tls;
mod worker_exit;

pub use bootstrap::BootstrapError;
pub use cause::Cause;
pub use slurm::SlurmError;
#[cfg(feature = "tls")]
pub(crate) use tls::NoTls;
pub use worker_exit::WorkerExit;

use core::error::Error;
use core::fmt;

use crate::spec::SpecError;
use crate::start::StartError;

/// No gateway could be made.
#[non_exhaustive]
pub enum MakeGatewayError {
    /// The spec is none, or asks for something that does not fit together.
    Spec(SpecError),
    /// There is no allocation of Slurm to make gateways in.
    Slurm(SlurmError),
    /// Another member of the group has this id.
    DuplicateId(String),
    /// None of these programs exists.
    NoInterpreter(Vec<String>),
    /// The group was terminated while the gateway was being made. Nothing of it is left.
    Terminated,
    /// The worker could not be started or did not get ready.
    Bootstrap(Box<BootstrapError>),
}

debug_as_report!(MakeGatewayError);

impl fmt::Display for MakeGatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            Self::Slurm(error) => error.fmt(f),
            Self::DuplicateId(id) => write!(f, "the group has a gateway {id:?} already"),
            Self::NoInterpreter(tried) => {
                write!(f, "no interpreter found; tried {}", tried.join(", "))
            }
            Self::Terminated => {
                f.write_str("the group was terminated while the gateway was being made")
            }
            Self::Bootstrap(error) => error.fmt(f),
        }
    }
}

impl Error for MakeGatewayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Spec(error) => error.source(),
            Self::Slurm(error) => error.source(),
            Self::Bootstrap(error) => error.source(),
            Self::DuplicateId(_) | Self::NoInterpreter(_) | Self::Terminated => None,
        }
    }
}

impl From<SpecError> for MakeGatewayError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<SlurmError> for MakeGatewayError {
    fn from(error: SlurmError) -> Self {
        Self::Slurm(error)
    }
}

impl From<BootstrapError> for MakeGatewayError {
    fn from(error: BootstrapError) -> Self {
        Self::Bootstrap(Box::new(error))
    }
}

impl From<StartError> for MakeGatewayError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoProgram(tried) => Self::NoInterpreter(tried),
            StartError::Directory(command, error) => {
                BootstrapError::io(Stage::Directory, command, error).into()
            }
            StartError::Start(command, error) => {
                BootstrapError::io(Stage::Start, command, error).into()
            }
        }
    }
}

/// How far the making of a gateway got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Looking up the host.
    Resolve,
    /// Reaching the other machine.
    Connect,
    /// Copying this program to the other machine, for `worker=self`.
    Copy,
    /// Making or entering the directory that `chdir=` names.
    Directory,
    /// Starting the process.
    Start,
    /// Sending the worker's program, and waiting for its answer.
    Handshake,
    /// The worker ran, and answered that it cannot do what the spec asks.
    SetUp,
    /// Taking up the link, after the worker was ready.
    Link,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the host",
            Self::Connect => "connecting",
            Self::Copy => "copying the program",
            Self::Directory => "entering the working directory",
            Self::Start => "starting the process",
            Self::Handshake => "the handshake",
            Self::SetUp => "setting up the worker",
            Self::Link => "taking up the link",
        })
    }
}
