//! Running code on all members of a group.

use core::error::Error;
use core::fmt;
use core::time::Duration;

use execnet_core_sync::{Channel, Gateway, SendError};
use execnet_serializer::Dict;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::Group;
use crate::call::{self, CallError};
use crate::deadline::Deadline;
use crate::error::debug_as_report;

impl Group {
    /// Runs code on every member. The results are in the order of [`gateways`](Self::gateways). A member that has lost
    /// its worker has an error, and the others run the code.
    ///
    /// The channels make a [`MultiChannel`](crate::MultiChannel):
    ///
    /// ```no_run
    /// use execnet::MultiChannel;
    ///
    /// let group = execnet::Group::new();
    /// group.make_gateways(["popen"; 4]);
    /// let results = group.remote_exec("channel.send(channel.receive() + 1)");
    /// // All members, or the first error:
    /// let all: MultiChannel = results.into_iter().collect::<Result<_, _>>()?;
    ///
    /// let results = group.remote_exec("channel.send(channel.receive() + 1)");
    /// // Those that have a worker:
    /// let some: MultiChannel = results.into_iter().flatten().collect();
    /// # let _ = (all, some); Ok::<(), execnet::MemberError>(())
    /// ```
    pub fn remote_exec(&self, source: &str) -> Vec<Result<Channel, MemberError>> {
        self.on_each(|gateway| gateway.remote_exec(source))
    }

    /// As [`remote_exec`](Self::remote_exec), for source that defines the function `call_name`, which is called with
    /// the channel and `kwargs`: see [`Gateway::remote_exec_function`].
    pub fn remote_exec_function(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &Dict,
    ) -> Vec<Result<Channel, MemberError>> {
        self.on_each(|gateway| gateway.remote_exec_function(source, call_name, kwargs))
    }

    /// As [`remote_exec`](Self::remote_exec), for the source of a Python module; tracebacks name `file_name`: see
    /// [`Gateway::remote_exec_module`].
    pub fn remote_exec_module(
        &self,
        source: &str,
        file_name: &str,
    ) -> Vec<Result<Channel, MemberError>> {
        self.on_each(|gateway| gateway.remote_exec_module(source, file_name))
    }

    /// As [`remote_exec_function`](Self::remote_exec_function), with the keyword arguments as a serializable type: see
    /// [`Gateway::remote_exec_function_as`].
    pub fn remote_exec_function_as<T: Serialize + ?Sized>(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &T,
    ) -> Vec<Result<Channel, MemberError>> {
        self.on_each(|gateway| gateway.remote_exec_function_as(source, call_name, kwargs))
    }

    /// Calls a Python function on every member at the same time, and waits for all results: see
    /// [`GatewayExt::call`](crate::GatewayExt::call). The results are in the order of [`gateways`](Self::gateways).
    ///
    /// ```no_run
    /// let group = execnet::Group::new();
    /// group.make_gateways(["ssh=web1", "ssh=web2", "ssh=db"]);
    /// for (gateway, load) in group.call::<(f64, f64, f64)>("os:getloadavg", (), ()) {
    ///     println!("{}: {:?}", gateway.spec(), load?);
    /// }
    /// # Ok::<(), execnet::CallError>(())
    /// ```
    pub fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
    ) -> Vec<(Gateway, Result<T, CallError>)> {
        self.call_until(function, &args, &kwargs, Deadline::NEVER)
    }

    /// As [`call`](Self::call), for at most `timeout` for all members together. Members that have not answered by then
    /// have the error [`CallError::Timeout`].
    pub fn call_timeout<T: DeserializeOwned>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
        timeout: Duration,
    ) -> Vec<(Gateway, Result<T, CallError>)> {
        self.call_until(function, &args, &kwargs, Deadline::after(timeout))
    }

    fn call_until<T: DeserializeOwned>(
        &self,
        function: &str,
        args: &impl Serialize,
        kwargs: &impl Serialize,
        deadline: Deadline,
    ) -> Vec<(Gateway, Result<T, CallError>)> {
        let start = |gateway: Gateway| {
            let started = call::start(&gateway, function, args, kwargs);
            (gateway, started)
        };
        let started: Vec<_> = self.into_iter().map(start).collect();
        let finish = |(gateway, started): (Gateway, Result<Channel, CallError>)| {
            let result = started.and_then(|channel| call::finish(&channel, deadline));
            (gateway, result)
        };
        started.into_iter().map(finish).collect()
    }

    fn on_each(
        &self,
        exec: impl Fn(&Gateway) -> Result<Channel, SendError>,
    ) -> Vec<Result<Channel, MemberError>> {
        let run = |gateway: Gateway| exec(&gateway).map_err(|error| MemberError { gateway, error });
        self.into_iter().map(run).collect()
    }
}

/// The code could not be sent to a member.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberError {
    /// The member.
    pub gateway: Gateway,
    /// Its error.
    pub error: SendError,
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, error) = (self.gateway.id().escape_debug(), &self.error);
        write!(f, "gateway '{id}': {error}")
    }
}

/// The text includes that of `error`, so that the source is that of `error`.
impl Error for MemberError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

debug_as_report!(MemberError);
