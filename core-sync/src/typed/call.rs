//! Calls with keyword arguments as Rust types.

use alloc::string::ToString as _;

use execnet_serializer::typed::to_value;
use execnet_serializer::{Dict, Value};
use serde_core::ser::Serialize;

#[cfg(feature = "std")]
use crate::api::Channel;
#[cfg(feature = "std")]
use crate::api::Gateway;
use crate::endpoint::{Endpoint, EndpointChannel};
use crate::error::{SendError, TypeError};

/// Calls with typed keyword arguments: with the feature `serde`.
#[cfg(feature = "std")]
impl Gateway {
    /// As [`remote_exec_function`](Self::remote_exec_function), with the keyword arguments as a serializable type: a
    /// struct, whose fields are the names, or a map with the names as keys. A function of a Rust worker can take them
    /// as such a type, see [`Function`](crate::worker::Function).
    ///
    /// ```no_run
    /// # fn example(gateway: execnet_core_sync::Gateway) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Serialize)]
    /// struct Range { start: i64, stop: i64 }
    ///
    /// let source = "def count(channel, start, stop): channel.send(sum(range(start, stop)))";
    /// let channel = gateway.remote_exec_function_as(source, "count", &Range { start: 1, stop: 10 })?;
    /// assert_eq!(channel.receive_as::<i64>()?, 45);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`remote_exec_function`](Self::remote_exec_function), or [`SendError::Type`] if the arguments cannot be
    /// represented or have no names.
    pub fn remote_exec_function_as<T: Serialize + ?Sized>(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &T,
    ) -> Result<Channel, SendError> {
        self.remote_exec_function(source, call_name, &by_name(kwargs)?)
    }
}

/// Calls with typed keyword arguments: with the feature `serde`.
impl Endpoint {
    /// As [`remote_exec_function`](Self::remote_exec_function), with the keyword arguments as a serializable type: a
    /// struct, whose fields are the names, or a map with the names as keys.
    ///
    /// # Errors
    ///
    /// As [`remote_exec_function`](Self::remote_exec_function), or [`SendError::Type`] if the arguments cannot be
    /// represented or have no names.
    pub fn remote_exec_function_as<T: Serialize + ?Sized>(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &T,
    ) -> Result<EndpointChannel, SendError> {
        self.remote_exec_function(source, call_name, &by_name(kwargs)?)
    }
}

fn by_name<T: Serialize + ?Sized>(kwargs: &T) -> Result<Dict, SendError> {
    let wrong = |text: &str| SendError::Type(TypeError::new(text.into()));
    let is_name = |(name, _): (&Value, &Value)| name.as_str().is_some();
    match to_value(kwargs).map_err(|error| wrong(&error.to_string()))? {
        Value::Dict(dict) if dict.iter().all(is_name) => Ok(dict),
        Value::Dict(_) => Err(wrong("the name of a keyword argument is not a string")),
        _ => Err(wrong("keyword arguments must be a struct or a map")),
    }
}
