//! Calls and commands as methods of a gateway.

use core::time::Duration;
use std::ffi::OsStr;

use execnet_core_sync::Gateway;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use crate::call::{self, CallError};
use crate::deadline::Deadline;
use crate::remote_command::RemoteCommand;

/// Calls of Python functions, and commands: for gateways whose worker is a Python interpreter.
///
/// A worker in Rust has functions of its own, which
/// [`remote_exec_function_as`](Gateway::remote_exec_function_as) calls.
pub trait GatewayExt {
    /// Calls a Python function and waits for its result.
    ///
    /// `function` is `"MODULE:NAME"`, where the module is imported by the worker and the name may have dots, or
    /// Python source. The last statement of the source defines the function, or is an expression whose value is the
    /// function. The source may be indented as a whole.
    ///
    /// `args` is a tuple or a sequence, and `kwargs` a struct or a map; `()` stands for none. Arguments and result
    /// are converted as [`execnet_serializer::typed`] describes: a result that is not a `T` is an error.
    ///
    /// ```no_run
    /// use execnet::GatewayExt as _;
    ///
    /// let group = execnet::Group::new();
    /// let gateway = group.make_gateway("popen")?;
    /// let sum: f64 = gateway.call("math:fsum", ([0.1, 0.2],), ())?;
    /// let names = gateway.call::<Vec<String>>("
    ///     import os
    ///     def names(path, hidden):
    ///         return [name for name in os.listdir(path) if hidden or name[0] != '.']
    /// ", ("/",), [("hidden", true)].into_iter().collect::<std::collections::BTreeMap<_, _>>())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The function runs in the main thread of the worker if that is free.
    ///
    /// # Errors
    ///
    /// The function raises an exception or cannot be found ([`CallError::Remote`]), the arguments cannot be
    /// represented, the result is not a `T`, or the worker is gone.
    fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
    ) -> Result<T, CallError>;

    /// As [`call`](Self::call), for at most `timeout`. A function that has not returned by then still runs; its result
    /// is lost. [`Pool`](crate::Pool) can kill the worker of such a call.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call), or [`CallError::Timeout`].
    fn call_timeout<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
        timeout: Duration,
    ) -> Result<T, CallError>;

    /// A command to run where the worker is: the program and its arguments.
    fn command(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> RemoteCommand<'_>;
}

impl GatewayExt for Gateway {
    fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
    ) -> Result<T, CallError> {
        call::finish(
            &call::start(self, function, &args, &kwargs)?,
            Deadline::NEVER,
        )
    }

    fn call_timeout<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
        timeout: Duration,
    ) -> Result<T, CallError> {
        let deadline = Deadline::after(timeout);
        call::finish(&call::start(self, function, &args, &kwargs)?, deadline)
    }

    fn command(&self, args: impl IntoIterator<Item: AsRef<OsStr>>) -> RemoteCommand<'_> {
        RemoteCommand::new(self, args)
    }
}
