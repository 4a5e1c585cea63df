//! Calls in the queue, and their results.

use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};

use execnet_core_sync::Channel;
use execnet_serializer::Value;
use serde_core::de::DeserializeOwned;

use crate::call::{self, CallError};
use crate::deadline::Deadline;

/// The number of a call among those that share a channel of results, and its result.
pub(super) type Numbered<T> = (usize, Result<T, CallError>);

/// A call in the queue. Its result, or an error, is reported once.
pub(super) trait Task: Send {
    /// Sends the call to a worker, waits for the result, and reports it after a call of `count`. Nothing is reported
    /// if that fails.
    fn run(
        &mut self,
        channel: &Channel,
        timeout: Option<Duration>,
        count: &dyn Fn(),
    ) -> Result<(), CallError>;

    fn fail(&mut self, error: CallError);
}

/// A call whose result is a `T`.
pub(super) struct TypedTask<T> {
    pub(super) request: Value,
    pub(super) number: usize,
    /// `None` once the call is reported.
    pub(super) results: Option<Sender<Numbered<T>>>,
}

impl<T: DeserializeOwned + Send> Task for TypedTask<T> {
    fn run(
        &mut self,
        channel: &Channel,
        timeout: Option<Duration>,
        count: &dyn Fn(),
    ) -> Result<(), CallError> {
        channel.send(&self.request)?;
        let result = call::receive(channel, Deadline::after_optional(timeout))?;
        count();
        self.report(Ok(result));
        Ok(())
    }

    fn fail(&mut self, error: CallError) {
        self.report(Err(error));
    }
}

impl<T> TypedTask<T> {
    fn report(&mut self, result: Result<T, CallError>) {
        if let Some(results) = self.results.take() {
            // An error means that the program has dropped the handle.
            let _ = results.send((self.number, result));
        }
    }
}

/// Also a call that was dropped because the pool ends, or because a thread panicked in the program's own code, is
/// reported: the other end waits for it.
impl<T> Drop for TypedTask<T> {
    fn drop(&mut self) {
        self.report(Err(CallError::Cancelled));
    }
}

/// A call that was submitted to a [`Pool`](super::Pool).
///
/// Dropping it does not cancel the call; the result is lost.
#[derive(Debug)]
#[must_use = "has the result of the call"]
pub struct PoolCall<T> {
    pub(super) result: Receiver<Numbered<T>>,
}

impl<T> PoolCall<T> {
    /// Waits for the result.
    ///
    /// # Errors
    ///
    /// As [`GatewayExt::call`](crate::GatewayExt::call). If the worker died or the call took too long, see
    /// [`PoolOptions`](super::PoolOptions); if the pool was dropped, [`CallError::Cancelled`].
    pub fn wait(self) -> Result<T, CallError> {
        self.result
            .recv()
            .map_or(Err(CallError::Cancelled), |(_, result)| result)
    }

    /// As [`wait`](Self::wait), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// The handle, if the call has not ended by then; it still runs. The inner errors are those of
    /// [`wait`](Self::wait).
    pub fn wait_timeout(self, timeout: Duration) -> Result<Result<T, CallError>, Self> {
        match self.result.recv_timeout(timeout) {
            Ok((_, result)) => Ok(result),
            Err(RecvTimeoutError::Disconnected) => Ok(Err(CallError::Cancelled)),
            Err(RecvTimeoutError::Timeout) => Err(self),
        }
    }
}
