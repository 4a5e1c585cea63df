use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::error::Error;

use super::Kwargs;

/// What a worker can call for its peer: a closure or a function over the channel of the call.
///
/// | shape | keyword arguments |
/// |---|---|
/// | `Fn(&C) -> R` | there may be none |
/// | `Fn(&C, Kwargs) -> R` | any, as [`Kwargs`] |
/// | `Fn(&C, T) -> R`, `T` deserializable (feature `serde`) | a struct or map takes them by name; any other type takes the value of the only one |
///
/// `C` is the type of the channel, `R` an [`IntoCallResult`]. `A` tells the shapes apart, and is found by the compiler.
pub trait Function<C, A>: Send + Sync + 'static {
    /// Calls it.
    #[doc(hidden)]
    fn call(&self, channel: &C, kwargs: Kwargs) -> Result<(), CallError>;
}

/// Why a function that was called did not do what it does.
#[doc(hidden)]
#[derive(Debug)]
pub enum CallError {
    /// It takes other arguments.
    Arguments(String),
    /// It returned an error.
    Returned(Box<dyn Error + Send + Sync>),
}

/// What a function returns: nothing, or a result. The peer is told of an error by its text, and those of its
/// sources.
pub trait IntoCallResult {
    /// The error, if it is one.
    ///
    /// # Errors
    ///
    /// The function's own.
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

/// Tells functions without arguments from others.
#[doc(hidden)]
#[derive(Debug)]
pub enum NoArgs {}

/// Tells functions that take whatever comes from others.
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
            Some((name, _)) => Err(CallError::Arguments(format!(
                "it takes none, and got {name}"
            ))),
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
