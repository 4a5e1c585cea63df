//! The errors of gateways: why one could not be made, or was lost.

pub(crate) use execnet_core_sync::{debug_as_report, inner_sources};

mod bootstrap;
mod excerpt;
mod kind;
#[cfg(feature = "tls")]
mod link;
#[cfg(feature = "slurm")]
mod slurm;
mod worker_exit;

pub use bootstrap::BootstrapError;
pub use kind::BootstrapErrorKind;
#[cfg(feature = "tls")]
pub(crate) use link::LinkFailure;
#[cfg(feature = "slurm")]
pub use slurm::SlurmError;
pub use worker_exit::WorkerExit;

use core::error::Error;
use core::fmt;

use crate::spec::SpecError;
use crate::start::StartError;

/// No gateway could be made.
#[non_exhaustive]
pub enum MakeGatewayError {
    /// The spec is invalid, or asks for something that does not fit together.
    Spec(SpecError),
    /// There is no allocation of Slurm to make gateways in.
    #[cfg(feature = "slurm")]
    Slurm(SlurmError),
    /// Another member of the group has this id.
    DuplicateId(String),
    /// The group was terminated while the gateway was being made. Nothing of it is left.
    Terminated,
    /// The worker could not be started or did not get ready.
    Bootstrap(Box<BootstrapError>),
}

debug_as_report!(MakeGatewayError);

impl MakeGatewayError {
    /// The error of the start, if the spec was usable.
    #[must_use]
    pub fn as_bootstrap(&self) -> Option<&BootstrapError> {
        match self {
            Self::Bootstrap(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the worker did not answer in time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.as_bootstrap().is_some_and(BootstrapError::is_timeout)
    }

    /// Whether the group was terminated while the gateway was being made.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        matches!(self, Self::Terminated)
    }
}

impl fmt::Display for MakeGatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(error) => error.fmt(f),
            #[cfg(feature = "slurm")]
            Self::Slurm(error) => error.fmt(f),
            Self::DuplicateId(id) => write!(f, "the group has a gateway {id:?} already"),
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
            #[cfg(feature = "slurm")]
            Self::Slurm(error) => error.source(),
            Self::Bootstrap(error) => error.source(),
            Self::DuplicateId(_) | Self::Terminated => None,
        }
    }
}

impl From<SpecError> for MakeGatewayError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

#[cfg(feature = "slurm")]
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
        BootstrapError::from(error).into()
    }
}
