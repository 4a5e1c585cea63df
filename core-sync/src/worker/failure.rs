use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::LoadError;

/// A call failed. The peer gets the text.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request cannot be decoded.
    Load(LoadError),
    /// The request has another form.
    Malformed,
    /// No function of this name is registered.
    Unknown { name: String, known: String },
    /// The request is source code.
    Source { known: String },
    /// The function takes other arguments.
    Arguments { name: String, error: String },
    /// The function returned an error.
    Returned {
        name: String,
        error: Box<dyn Error + Send + Sync>,
    },
    /// The function panicked, or, without a name, a recognizer of programs.
    #[cfg(feature = "std")]
    Panicked {
        name: Option<String>,
        message: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => write!(f, "the call cannot be decoded: {error}"),
            Self::Malformed => f.write_str(
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
            Self::Panicked { name, message } => match name {
                Some(name) => write!(f, "function '{name}' panicked: {message}"),
                None => write!(f, "a recognizer of programs panicked: {message}"),
            },
        }
    }
}

/// Writes the sources, one on each line.
fn causes(f: &mut fmt::Formatter<'_>, mut source: Option<&(dyn Error + 'static)>) -> fmt::Result {
    while let Some(error) = source {
        write!(f, "\ncaused by: {error}")?;
        source = error.source();
    }
    Ok(())
}
