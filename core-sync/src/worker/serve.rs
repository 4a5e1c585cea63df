//! Serving functions over a link until it ends.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroUsize;
use std::io;

use super::pool::Pool;
use super::{Function, Functions, Grace};
use crate::api::{Channel, Gateway, INFO_CALL, answer_info};
use crate::disconnected::Disconnected;
use crate::engine::{ExecModel, GatewayConfig, Shared};
use crate::link::Link;
use crate::report::{debug_as_report, inner_sources};
use crate::session::Role;

/// Takes the names of functions that still run.
type Abandon = Arc<dyn Fn(&[String]) + Send + Sync>;

/// Serves Rust functions to a controller, in Python or in Rust.
///
/// ```
/// use execnet_core_sync::{Channel, Worker};
///
/// fn fib(n: u64) -> u64 {
///     if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
/// }
///
/// let mut worker = Worker::new();
/// worker.register("fib", |channel: &Channel| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let n = channel.receive()?.as_i64().ok_or("fib takes a number")?;
///     channel.send(fib(n.try_into()?))?;
///     Ok(())
/// });
/// ```
///
/// # How calls run
///
/// With [`ExecModel::Thread`] each call has a thread: the one that serves if it is idle, or one of a pool that grows
/// with the number of concurrent calls, up to [`with_max_threads`](Self::with_max_threads); beyond that, calls wait.
/// With [`ExecModel::MainThreadOnly`] all run in the thread that serves. A call that arrives while another one runs
/// waits for up to a second, as in execnet, and is then refused.
///
/// If a function panics, the controller gets an error with the panic's message, and the worker continues (with
/// `panic = "abort"` the process ends). Only the panic hook of the process gets the location. The default hook prints it to
/// standard error.
///
/// The channel of a call ends when its function returns, and cannot be closed before: see [`Channel::close`].
///
/// # End
///
/// When the controller exits the gateway, or the link ends, all channels end: a function that waits for an item gets an
/// error. It can still send. A worker that runs no function exits at once; otherwise it gives the functions the
/// [`Grace`].
#[derive(Clone)]
pub struct Worker {
    pub(super) functions: Arc<Functions<Channel>>,
    config: GatewayConfig,
    /// Maximal number of threads, with the one that serves.
    pub(super) max_threads: Option<NonZeroUsize>,
    pub(super) grace: Grace,
    /// Called after [`Grace::interrupt`].
    pub(super) interrupt: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Called after [`Grace::leave`], with the names of the functions that still run.
    pub(super) abandon: Option<Abandon>,
}

impl Worker {
    /// A worker without functions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(GatewayConfig::new("worker", Role::Worker))
    }

    /// As [`new`](Self::new), with this config. The role is [`Role::Worker`] in any case.
    #[must_use]
    pub fn with_config(config: GatewayConfig) -> Self {
        let mut functions = Functions::new();
        functions.register_builtin(INFO_CALL, answer_info);
        let worker = Self {
            functions: Arc::new(functions),
            config,
            max_threads: None,
            grace: Grace::default(),
            interrupt: None,
            abandon: None,
        };
        worker.map_config(|config| config)
    }

    /// Changes the config. The role stays that of a worker, whatever the new config says.
    #[must_use]
    pub fn map_config(mut self, change: impl FnOnce(GatewayConfig) -> GatewayConfig) -> Self {
        self.config = GatewayConfig {
            role: Role::Worker,
            ..change(self.config)
        };
        self
    }

    /// Registers a function under this name. It replaces an earlier function of the name.
    pub fn register<A>(
        &mut self,
        name: impl Into<String>,
        function: impl Function<Channel, A>,
    ) -> &mut Self {
        // Shared by all links that are served at the same time: a clone that is being served keeps its functions.
        Arc::make_mut(&mut self.functions).register(name, function);
        self
    }

    /// Registers a function that also replaces a program: it is called if a controller sends source for which
    /// `recognizes` returns true. This serves controllers that only send source, such as stock execnet's `RSync`.
    pub fn register_program<A>(
        &mut self,
        name: &str,
        recognizes: fn(&str) -> bool,
        function: impl Function<Channel, A>,
    ) -> &mut Self {
        let functions = Arc::make_mut(&mut self.functions);
        functions.register(name, function);
        functions.recognize(name, recognizes);
        self
    }

    /// As [`register_program`](Self::register_program), for a function that error messages do not list.
    #[doc(hidden)]
    pub fn register_builtin_program<A>(
        &mut self,
        name: &str,
        recognizes: fn(&str) -> bool,
        function: impl Function<Channel, A>,
    ) {
        let functions = Arc::make_mut(&mut self.functions);
        functions.register_builtin(name, function);
        functions.recognize(name, recognizes);
    }

    /// Sets how calls are run. A controller can override it when it starts the worker.
    #[must_use]
    pub fn with_exec_model(mut self, exec_model: ExecModel) -> Self {
        self.config.exec_model = exec_model;
        self
    }

    /// Sets the maximal number of concurrent calls, with [`ExecModel::Thread`]. Default: no limit.
    #[must_use]
    pub fn with_max_threads(mut self, threads: NonZeroUsize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// Sets the time that functions have to return after the link has ended.
    #[must_use]
    pub fn with_grace(mut self, grace: Grace) -> Self {
        self.grace = grace;
        self
    }

    /// Sets a function that is called if functions still run after [`Grace::interrupt`]. It should make them return, as
    /// Rust cannot interrupt a thread. Functions that receive or send get errors, and need no interrupt.
    #[must_use]
    pub fn on_interrupt(mut self, interrupt: impl Fn() + Send + Sync + 'static) -> Self {
        self.interrupt = Some(Arc::new(interrupt));
        self
    }

    /// Sets a function to call, with the names of the functions that still run, when the whole grace is over. It runs
    /// in another thread than the one that serves, and so can exit the process: [`serve`](Self::serve) runs functions
    /// too, and cannot return [`ServeError::StillRunning`] while one of them does not return.
    #[must_use]
    pub fn on_abandon(mut self, abandon: impl Fn(&[String]) + Send + Sync + 'static) -> Self {
        self.abandon = Some(Arc::new(abandon));
        self
    }

    /// Serves one controller, until it exits the gateway or the link ends.
    ///
    /// The calling thread is the main thread of [`ExecModel::MainThreadOnly`].
    ///
    /// # Errors
    ///
    /// The link failed, or the controller broke the protocol; functions did not return within the grace, and are left
    /// behind; or no thread could be started.
    pub fn serve(&self, link: Link) -> Result<(), ServeError> {
        let gateway = Gateway::of(Shared::new(link, self.config.clone()));
        let pool = Pool::new(gateway.clone(), self.clone());
        // Before the reader starts: the first frame may be a call. The pool owns the gateway, and the gateway refers to the
        // pool weakly.
        gateway.shared().set_executor(&pool);
        gateway.shared().start().map_err(ServeError::Start)?;
        pool.serve().map_err(ServeError::StillRunning)?;
        // The reader is about to exit. With a timeout, because a write to a peer that does not read can block.
        let _ = gateway.join_timeout(self.grace.leave());
        match gateway.disconnected() {
            Some(lost) if !lost.reason().is_clean() => Err(ServeError::Disconnected(lost)),
            _ => Ok(()),
        }
    }
}

impl Default for Worker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("functions", &self.functions)
            .field("exec_model", &self.config.exec_model)
            .finish_non_exhaustive()
    }
}

/// Serving failed.
#[non_exhaustive]
pub enum ServeError {
    /// The transport could not make the link, or a thread could not be started.
    Start(io::Error),
    /// The bytes before the first frame are not the bootstrap of a controller, or not all of it.
    Bootstrap(io::Error),
    /// The connection to the controller is lost.
    Disconnected(Disconnected),
    /// These functions did not return within the grace. Their threads are left behind.
    StillRunning(Vec<String>),
}

debug_as_report!(ServeError);
inner_sources!(ServeError: Start, Bootstrap, Disconnected);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot start serving: {error}"),
            Self::Bootstrap(error) => write!(f, "no controller has started this worker: {error}"),
            Self::Disconnected(error) => error.fmt(f),
            Self::StillRunning(names) => {
                write!(
                    f,
                    "the controller is gone, and these functions still run: {}",
                    names.join(", ")
                )
            }
        }
    }
}
