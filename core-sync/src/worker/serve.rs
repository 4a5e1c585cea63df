use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::io;

use super::Function;
use super::pool::{Parts, Pool};
use super::registry::Registry;
use crate::api::Channel;
use crate::api::{Gateway, INFO_CALL, answer_info};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::engine::{ExecModel, Executor, GatewayConfig};
use crate::link::Link;
use crate::report::debug_as_report;
use crate::session::Role;

/// Serves functions written in Rust to a controller, in Python or in Rust.
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
/// with the calls that run at a time, up to [`with_max_threads`](Self::with_max_threads); then calls wait for their turn. With
/// [`ExecModel::MainThreadOnly`] all run in the thread that serves. A call that comes while another runs waits for it
/// up to a second, as in execnet, and is then refused.
///
/// A panic in a function is an error to the controller, with the panic's message, and nothing else to the worker (with
/// `panic = "abort"` it is the end of the process). Where in the source it was is told to the panic hook of the process
/// alone, which is the program's: the one that programs start with prints it to standard error.
///
/// The channel of a call ends when its function returns, and cannot be closed before: see [`Channel::close`].
///
/// # The end
///
/// When the controller exits the gateway, or the link ends, all channels end: a function that waits for an item gets
/// an error. What it sends still goes out. A worker that runs nothing is done at once; else it grants the functions
/// the [`Grace`].
#[derive(Clone)]
pub struct Worker {
    registry: Arc<Registry<Channel>>,
    pub(super) config: GatewayConfig,
    max_threads: Option<NonZeroUsize>,
    pub(super) grace: Grace,
    interrupt: Option<Arc<dyn Fn() + Send + Sync>>,
}

/// How long functions may run on after the link has ended.
///
/// A worker that runs none leaves at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    pub(super) interrupt: Duration,
    pub(super) leave: Duration,
}

impl Grace {
    /// Execnet's own times: see [`with_interrupt`](Self::with_interrupt) and [`with_leave`](Self::with_leave).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            interrupt: Duration::from_secs(5),
            leave: Duration::from_secs(10),
        }
    }

    /// Sets the time until functions are asked to end: a Python worker interrupts its code as by Ctrl-C, a Rust worker calls
    /// [`Worker::on_interrupt`]. Default: 5 seconds, as in execnet.
    #[must_use]
    pub const fn with_interrupt(mut self, time: Duration) -> Self {
        self.interrupt = time;
        self
    }

    /// Sets the time from then until the worker leaves without them. Default: 10 seconds, as in execnet.
    #[must_use]
    pub const fn with_leave(mut self, time: Duration) -> Self {
        self.leave = time;
        self
    }

    /// See [`with_interrupt`](Self::with_interrupt).
    #[must_use]
    pub const fn interrupt(&self) -> Duration {
        self.interrupt
    }

    /// See [`with_leave`](Self::with_leave).
    #[must_use]
    pub const fn leave(&self) -> Duration {
        self.leave
    }
}

impl Default for Grace {
    fn default() -> Self {
        Self::new()
    }
}

impl Worker {
    /// A worker that knows no function yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_config(GatewayConfig::new("worker", Role::Worker))
    }

    /// As [`new`](Self::new), with other limits and another name. Its role is to work, whatever the config says.
    #[must_use]
    pub fn with_config(config: GatewayConfig) -> Self {
        let mut registry = Registry::new();
        registry.register_builtin(INFO_CALL, answer_info);
        Self {
            registry: Arc::new(registry),
            config: GatewayConfig {
                role: Role::Worker,
                ..config
            },
            max_threads: None,
            grace: Grace::default(),
            interrupt: None,
        }
    }

    /// Makes a function known under this name. A second one of the name takes the place of the first.
    pub fn register<A>(
        &mut self,
        name: impl Into<String>,
        function: impl Function<Channel, A>,
    ) -> &mut Self {
        Arc::make_mut(&mut self.registry).register(name.into(), function);
        self
    }

    /// Makes a function known that also stands for a program: it is called where a controller sends source that
    /// `recognizes` says yes to. Controllers that know nothing of functions in Rust, such as stock execnet's `RSync`,
    /// are served that way.
    pub fn register_program<A>(
        &mut self,
        name: &str,
        recognizes: fn(&str) -> bool,
        function: impl Function<Channel, A>,
    ) -> &mut Self {
        let registry = Arc::make_mut(&mut self.registry);
        registry.register(name.into(), function);
        registry.recognize(name, recognizes);
        self
    }

    /// As [`register_program`](Self::register_program), for what nobody is told of.
    pub(super) fn register_builtin_program<A>(
        &mut self,
        name: &str,
        recognizes: fn(&str) -> bool,
        function: impl Function<Channel, A>,
    ) {
        let registry = Arc::make_mut(&mut self.registry);
        registry.register_builtin(name, function);
        registry.recognize(name, recognizes);
    }

    /// Sets how calls are run. A controller that names a model when it starts the worker overrides it.
    #[must_use]
    pub fn with_exec_model(mut self, exec_model: ExecModel) -> Self {
        self.config.exec_model = exec_model;
        self
    }

    /// Sets the number of calls that run at a time, with [`ExecModel::Thread`]. Default: no limit.
    #[must_use]
    pub fn with_max_threads(mut self, threads: NonZeroUsize) -> Self {
        self.max_threads = Some(threads);
        self
    }

    /// Sets how long functions may run on after the link has ended.
    #[must_use]
    pub fn with_grace(mut self, grace: Grace) -> Self {
        self.grace = grace;
        self
    }

    /// Sets a function to call if functions still run after [`Grace::interrupt`]: it should make them end, as Rust cannot do
    /// that from outside. Functions that receive or send need none, as they get errors.
    #[must_use]
    pub fn on_interrupt(mut self, interrupt: impl Fn() + Send + Sync + 'static) -> Self {
        self.interrupt = Some(Arc::new(interrupt));
        self
    }

    /// Serves one controller, until it exits the gateway or the link ends.
    ///
    /// The calling thread is the one that [`ExecModel::MainThreadOnly`] means.
    ///
    /// # Errors
    ///
    /// The link failed or the controller broke the protocol; functions ran on beyond their grace, and are left
    /// behind; or no thread could be started.
    pub fn serve(&self, link: Link) -> Result<(), ServeError> {
        self.serve_as(link, self.config.clone(), self.grace, None)
    }

    pub(super) fn serve_as(
        &self,
        link: Link,
        config: GatewayConfig,
        grace: Grace,
        abandon: Option<fn(&[String])>,
    ) -> Result<(), ServeError> {
        let max_threads = match config.exec_model {
            ExecModel::MainThreadOnly => 1,
            ExecModel::Thread => self.max_threads.map_or(usize::MAX, NonZeroUsize::get),
        };
        let mut pool = None;
        let start = |gateway: &Gateway| {
            let made = Pool::new(Parts {
                gateway: gateway.clone(),
                registry: self.registry.clone(),
                max_threads,
                grace,
                interrupt: self.interrupt.clone(),
                abandon,
            });
            let weak: Weak<dyn Executor> = Arc::downgrade(&(made.clone() as Arc<dyn Executor>));
            pool = Some(made);
            Some(weak)
        };
        let gateway = Gateway::start(link, config, start).map_err(ServeError::Start)?;
        let served = pool.map_or(Ok(()), |pool| pool.serve());
        served.map_err(ServeError::StillRunning)?;
        // The reader is about to leave. A writer that a peer does not read could hold it up.
        let _ = gateway.join_timeout(grace.leave);
        match gateway.disconnected() {
            Some(lost) if !is_an_end(&lost) => Err(ServeError::Disconnected(lost)),
            _ => Ok(()),
        }
    }
}

fn is_an_end(lost: &Disconnected) -> bool {
    matches!(
        lost.reason(),
        DisconnectReason::Exited | DisconnectReason::Terminated | DisconnectReason::EndOfStream
    )
}

impl Default for Worker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("functions", &self.registry)
            .field("exec_model", &self.config.exec_model)
            .finish_non_exhaustive()
    }
}

/// Serving did not end well.
#[non_exhaustive]
pub enum ServeError {
    /// The link could not be taken over from the process's standard streams, or a thread could not be started.
    Start(io::Error),
    /// What came on standard input was nothing that a controller sends, or it went before it had sent all.
    Bootstrap(io::Error),
    /// The controller went in another way than by its own choice.
    Disconnected(Disconnected),
    /// These functions ran on beyond their grace. Their threads are left behind.
    StillRunning(Vec<String>),
}

debug_as_report!(ServeError);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot start serving: {error}"),
            Self::Bootstrap(error) => write!(f, "no controller has started this worker: {error}"),
            Self::Disconnected(error) => error.fmt(f),
            Self::StillRunning(names) => {
                write!(
                    f,
                    "the controller is gone, and these functions run on: {}",
                    names.join(", ")
                )
            }
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Start(error) | Self::Bootstrap(error) => error.source(),
            Self::Disconnected(error) => error.source(),
            Self::StillRunning(_) => None,
        }
    }
}
