use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::LoadError;

/// Why a call did not end well, in the words that the peer is told.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request cannot be decoded.
    Load(LoadError),
    /// The request holds something else than a request does.
    NoRequest,
    /// No function of this name is known.
    Unknown { name: String, known: String },
    /// It is source code.
    Source { known: String },
    /// The function takes other arguments.
    Arguments { name: String, error: String },
    /// The function returned an error.
    Returned {
        name: String,
        error: Box<dyn Error + Send + Sync>,
    },
    /// The function panicked, or with no name what recognizes programs.
    #[cfg(feature = "std")]
    Panicked {
        name: Option<String>,
        account: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => write!(f, "the call cannot be decoded: {error}"),
            Self::NoRequest => f.write_str(
                "a call is a tuple of source, file name, call name and keyword arguments",
            ),
            Self::Unknown { name, known } => write!(
                f,
                "no function '{}' is registered with this worker, which is a Rust program; {known}",
                name.escape_debug()
            ),
            Self::Source { known } => write!(
                f,
                "this worker is a Rust program and runs no Python source: call a function by its name; {known}"
            ),
            Self::Arguments { name, error } => {
                write!(f, "wrong arguments for function '{name}': {error}")
            }
            Self::Returned { name, error } => {
                write!(f, "function '{name}' failed: {error}")?;
                causes(f, error.source())
            }
            #[cfg(feature = "std")]
            Self::Panicked { name, account } => match name {
                Some(name) => write!(f, "function '{name}' panicked: {account}"),
                None => write!(f, "what recognizes programs panicked: {account}"),
            },
        }
    }
}

/// The chain of sources, one a line.
fn causes(f: &mut fmt::Formatter<'_>, mut source: Option<&(dyn Error + 'static)>) -> fmt::Result {
    while let Some(error) = source {
        write!(f, "\ncaused by: {error}")?;
        source = error.source();
    }
    Ok(())
}
