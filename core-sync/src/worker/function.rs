//! The Rust functions that a peer can call, of several shapes.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::error::Error;
use core::fmt::Write as _;
use core::ops::Deref;

use execnet_serializer::Dict;

use crate::report::escaped_name;

/// A function that a peer can call: a closure or a function of the channel of the call.
///
/// | shape | keyword arguments |
/// |---|---|
/// | `Fn(&C) -> R` | none |
/// | `Fn(&C, Kwargs) -> R` | any, as [`Kwargs`] |
/// | `Fn(&C, T) -> R`, `T` deserializable (feature `serde`) | a struct or map takes them by name; any other type takes the value of a single argument |
///
/// `C` is the type of the channel, `R` an [`IntoCallResult`]. The compiler infers `A`, which distinguishes the shapes.
pub trait Function<C, A>: Send + Sync + 'static {
    /// Calls it.
    #[doc(hidden)]
    fn call(&self, channel: &C, kwargs: Kwargs) -> Result<(), CallError>;
}

/// The keyword arguments of a call: for functions that take any arguments.
///
/// ```
/// use execnet_core_sync::worker::Kwargs;
///
/// fn greet(kwargs: &Kwargs) -> String {
///     let name = kwargs.get("name").and_then(|name| name.as_str());
///     format!("hello, {}", name.unwrap_or("world"))
/// }
/// # assert_eq!(greet(&Kwargs::default()), "hello, world");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kwargs(Dict);

impl Kwargs {
    pub(crate) fn new(dict: Dict) -> Self {
        Self(dict)
    }

    /// The arguments as a dict.
    #[must_use]
    pub fn into_dict(self) -> Dict {
        self.0
    }
}

impl Deref for Kwargs {
    type Target = Dict;

    fn deref(&self) -> &Dict {
        &self.0
    }
}

/// A call failed.
#[doc(hidden)]
#[derive(Debug)]
pub enum CallError {
    /// The function takes other arguments.
    Arguments(String),
    /// The function returned an error.
    Returned(Box<dyn Error + Send + Sync>),
}

impl CallError {
    /// The text for the peer, with all sources of the error.
    pub(super) fn text(&self, name: &str) -> String {
        let error = match self {
            Self::Arguments(error) => {
                return format!("wrong arguments for function '{name}': {error}");
            }
            Self::Returned(error) => error,
        };
        let mut text = format!("function '{name}' failed: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing to a string cannot fail.
            let _ = write!(text, "\ncaused by: {cause}");
            source = cause.source();
        }
        text
    }
}

/// The return type of a function: nothing, or a result. The peer gets the text of an error, and of its sources.
pub trait IntoCallResult {
    /// Converts it into a result.
    ///
    /// # Errors
    ///
    /// Those of the function.
    fn into_call_result(self) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl IntoCallResult for () {
    fn into_call_result(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> IntoCallResult for Result<(), E> {
    fn into_call_result(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.map_err(Into::into)
    }
}

/// Marks functions without arguments.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoArgs {}

/// Marks functions that take any arguments.
#[doc(hidden)]
#[derive(Debug)]
pub enum RawArgs {}

impl<C, F, R> Function<C, NoArgs> for F
where
    F: Fn(&C) -> R + Send + Sync + 'static,
    R: IntoCallResult,
{
    fn call(&self, channel: &C, kwargs: Kwargs) -> Result<(), CallError> {
        match kwargs.iter().next() {
            None => self(channel)
                .into_call_result()
                .map_err(CallError::Returned),
            Some((name, _)) => {
                // Without `Debug` of values, which is 12 KiB of a device's flash. Python has no other names.
                let name = escaped_name(name.as_str().unwrap_or_default());
                Err(CallError::Arguments(format!(
                    "it takes no arguments, and got '{name}'"
                )))
            }
        }
    }
}

impl<C, F, R> Function<C, RawArgs> for F
where
    F: Fn(&C, Kwargs) -> R + Send + Sync + 'static,
    R: IntoCallResult,
{
    fn call(&self, channel: &C, kwargs: Kwargs) -> Result<(), CallError> {
        self(channel, kwargs)
            .into_call_result()
            .map_err(CallError::Returned)
    }
}
