//! Calling Python functions: the request, and its result.

mod error;

pub use error::CallError;

use execnet_core_sync::{Channel, Gateway, ReceiveError, SendError};
use execnet_serializer::typed::{Error as TypedError, to_value};
use execnet_serializer::{Dict, Value};
use serde_core::de::DeserializeOwned;
use serde_core::ser::{Error as _, Serialize};

use crate::deadline::Deadline;
use crate::python::CALL;

/// The function of the program.
const FUNCTION: &str = "execnet_call";

/// The item of a call: the function, its positional and its keyword arguments.
pub(crate) fn request(
    function: &str,
    args: &(impl Serialize + ?Sized),
    kwargs: &(impl Serialize + ?Sized),
) -> Result<Value, TypedError> {
    let args = match to_value(args)? {
        args @ (Value::None | Value::Tuple(_) | Value::List(_)) => args,
        _ => {
            let text = "positional arguments must be a tuple or a sequence, or `()` for none";
            return Err(TypedError::custom(text));
        }
    };
    let is_name = |(name, _): (&Value, &Value)| name.as_str().is_some();
    let kwargs = match to_value(kwargs)? {
        Value::None => Value::None,
        Value::Dict(dict) if dict.iter().all(is_name) => Value::Dict(dict),
        _ => {
            let text =
                "keyword arguments must be a struct or a map with texts as keys, or `()` for none";
            return Err(TypedError::custom(text));
        }
    };
    Ok(Value::Tuple(vec![function.into(), args, kwargs]))
}

/// Starts the program, which serves one call or, without `once`, all calls of a channel.
pub(crate) fn open(gateway: &Gateway, once: bool) -> Result<Channel, SendError> {
    let kwargs = Dict::from([("once", once)]);
    gateway.remote_exec_function(&CALL, FUNCTION, &kwargs)
}

/// Sends one call.
pub(crate) fn start(
    gateway: &Gateway,
    function: &str,
    args: &(impl Serialize + ?Sized),
    kwargs: &(impl Serialize + ?Sized),
) -> Result<Channel, CallError> {
    let request = request(function, args, kwargs)?;
    let channel = open(gateway, true)?;
    channel.send(request)?;
    Ok(channel)
}

/// Waits for the result of one call.
pub(crate) fn finish<T: DeserializeOwned>(
    channel: &Channel,
    deadline: Deadline,
) -> Result<T, CallError> {
    let result = receive(channel, deadline)?;
    // Until the code has ended: the next call then finds the main thread of the worker free. The result is there,
    // whatever becomes of the worker.
    let _ = channel.wait_close_timeout(deadline.left());
    Ok(result)
}

/// The next result on a channel of calls.
pub(crate) fn receive<T: DeserializeOwned>(
    channel: &Channel,
    deadline: Deadline,
) -> Result<T, ReceiveError> {
    match deadline.remaining() {
        Some(left) => channel.receive_as_timeout(left),
        None => channel.receive_as(),
    }
}
