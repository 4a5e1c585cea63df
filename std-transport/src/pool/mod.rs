//! Pools: calls that any worker of a group may take.

mod map;
mod options;
mod shared;
mod task;
mod worker;

pub use options::{PoolOptions, PoolProgress};
pub use task::PoolCall;

use alloc::sync::Arc;
use core::fmt;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use execnet_core_sync::Gateway;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use crate::call::{self, CallError};
use crate::group::Group;
use map::Map;
use shared::Shared;
use task::{Numbered, TypedTask};
use worker::Worker;

/// Calls Python functions in the workers of a group, one call at a time in each: what `concurrent.futures` has as
/// executors.
///
/// ```no_run
/// use execnet::{Group, Pool};
///
/// let group = Group::from_specs(["popen"; 4])?;
/// let pool = Pool::new(group)?;
/// let call = pool.submit::<f64>("math:pow", (2, 0.5), ());
/// for (index, factorial) in pool.map_unordered::<u64>("math:factorial", 0..20) {
///     println!("{index}! = {}", factorial?);
/// }
/// println!("the root of 2 is {}", call.wait()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A function is named, or written, as in [`GatewayExt::call`](crate::GatewayExt::call). Each call has one result, or one error.
///
/// # When a worker dies
///
/// The call that it runs fails with an error for which
/// [`CallError::is_disconnected`](crate::CallError::is_disconnected) is true, or is repeated by another worker, see
/// [`PoolOptions::with_retries`]. A worker with the same spec and id replaces the dead one, and all other calls are
/// unaffected. If a worker cannot be replaced, the others take its calls; without any, all calls fail with
/// [`CallError::NoWorker`](crate::CallError::NoWorker).
///
/// # Threads
///
/// Each worker has one thread of this program, which waits for its results.
///
/// # Dropping
///
/// Dropping the pool cancels the calls that have not returned, and ends the group if the pool has its last handle.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// A pool of the members that the group has now. Later members are not in it.
    ///
    /// The group is a [`Group`], or an `Arc<Group>` if the program uses it beside the pool.
    ///
    /// # Errors
    ///
    /// The group has no members, or a thread cannot be started.
    pub fn new(group: impl Into<Arc<Group>>) -> io::Result<Self> {
        Self::with_options(group, PoolOptions::new())
    }

    /// As [`new`](Self::new), with these options.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(group: impl Into<Arc<Group>>, options: PoolOptions) -> io::Result<Self> {
        let group = group.into();
        let gateways = group.gateways();
        if gateways.is_empty() {
            let text = "the group of a pool has no gateways";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let shared = Shared::new(group, options, gateways.len());
        let mut pool = Self {
            shared: Arc::new(shared),
            threads: Vec::with_capacity(gateways.len()),
        };
        for (index, gateway) in gateways.into_iter().enumerate() {
            // If that fails, dropping the pool ends the threads that have been started.
            let thread = pool.start(index, gateway)?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    fn start(&self, index: usize, gateway: Gateway) -> io::Result<JoinHandle<()>> {
        let shared = Arc::clone(&self.shared);
        let spec = shared.group.spec(gateway.id()).unwrap_or_default();
        let spec = spec.id(gateway.id());
        let name = format!("pool {}", gateway.id());
        thread::Builder::new().name(name).spawn(move || {
            let worker = Worker {
                shared: &shared,
                index,
                gateway,
                spec,
                channel: None,
            };
            worker.work();
        })
    }

    /// Calls a function in the next free worker: see [`GatewayExt::call`](crate::GatewayExt::call). Blocks while the
    /// queue is full, see [`PoolOptions::with_queue`].
    pub fn submit<T: DeserializeOwned + Send + 'static>(
        &self,
        function: &str,
        args: impl Serialize,
        kwargs: impl Serialize,
    ) -> PoolCall<T> {
        let (results, result) = channel();
        self.submit_numbered(function, &args, &kwargs, 0, results);
        PoolCall { result }
    }

    fn submit_numbered<T: DeserializeOwned + Send + 'static>(
        &self,
        function: &str,
        args: &impl Serialize,
        kwargs: &impl Serialize,
        number: usize,
        results: Sender<Numbered<T>>,
    ) {
        match call::request(function, args, kwargs) {
            Ok(request) => self.shared.submit(Box::new(TypedTask {
                request,
                number,
                results: Some(results),
            })),
            Err(error) => {
                self.shared.refuse();
                // This thread has the other end.
                let _ = results.send((number, Err(error.into())));
            }
        }
    }

    /// Calls a function with each input as its only argument. Iterates over the results, in the order of the inputs.
    ///
    /// The first calls are submitted at once, and further ones while the iterator is used: as many as fit into the
    /// queue are ahead of the last result that was taken. Calls that were submitted run also if the iterator is
    /// dropped.
    pub fn map<T: DeserializeOwned + Send + 'static>(
        &self,
        function: &str,
        inputs: impl IntoIterator<Item: Serialize>,
    ) -> impl Iterator<Item = Result<T, CallError>> {
        let mut map = Map::new(self, function, inputs.into_iter());
        core::iter::from_fn(move || map.next_in_order())
    }

    /// As [`map`](Self::map), with the results in the order in which they arrive, each with the index of its input.
    pub fn map_unordered<T: DeserializeOwned + Send + 'static>(
        &self,
        function: &str,
        inputs: impl IntoIterator<Item: Serialize>,
    ) -> impl Iterator<Item = (usize, Result<T, CallError>)> {
        let mut map = Map::new(self, function, inputs.into_iter());
        core::iter::from_fn(move || map.next_completed())
    }

    /// How many calls are done.
    #[must_use]
    pub fn progress(&self) -> PoolProgress {
        self.shared.progress()
    }

    /// The group of the workers.
    #[must_use]
    pub fn group(&self) -> &Group {
        &self.shared.group
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.end();
        for thread in self.threads.drain(..) {
            // A panic was in the program's own callback or types; it has been printed.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("group", self.group())
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}
