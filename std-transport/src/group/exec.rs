//! Running code on all members of a group.

use core::error::Error;
use core::fmt;

use execnet_core_sync::{Channel, Gateway, SendError};
use execnet_serializer::Dict;

use super::Group;
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
