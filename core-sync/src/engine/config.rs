//! The settings of a gateway.

use alloc::string::String;
use core::fmt;

use execnet_serializer::Limits;

use crate::options::options;
use crate::session::{InboxLimits, Role};

/// Name and limits of a gateway.
///
/// ```
/// use execnet_core_sync::{GatewayConfig, InboxLimits, Role};
///
/// let inbox = InboxLimits::default().with_channel(Some(1 << 20));
/// let config = GatewayConfig::new("gw0", Role::Initiator).with_inbox(inbox);
/// assert_eq!(config.inbox().channel(), Some(1 << 20));
/// ```
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    pub(crate) id: String,
    pub(crate) spec: String,
    pub(crate) role: Role,
    pub(crate) exec_model: ExecModel,
    pub(crate) max_frame: usize,
    pub(crate) max_peer_channels: usize,
    pub(crate) limits: Limits,
    pub(crate) inbox: InboxLimits,
    pub(crate) credit: Option<usize>,
    pub(crate) pickles: bool,
}

impl GatewayConfig {
    /// A config with the defaults. The `id` is part of errors, and of the names of the gateway's threads.
    #[must_use]
    pub fn new(id: impl Into<String>, role: Role) -> Self {
        Self {
            id: id.into(),
            spec: String::new(),
            role,
            exec_model: ExecModel::Thread,
            max_frame: 1 << 30,
            max_peer_channels: 1 << 16,
            limits: Limits::default(),
            inbox: InboxLimits::default(),
            credit: None,
            pickles: false,
        }
    }

    /// Sets the name of the gateway.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the text of the spec that the gateway is made from. Default: empty.
    #[must_use]
    pub fn with_spec(mut self, spec: impl Into<String>) -> Self {
        self.spec = spec.into();
        self
    }

    options! {
        /// Sets how calls of the peer are run, which answers to STATUS name. Default: [`ExecModel::Thread`].
        with_exec_model, exec_model: ExecModel;
        /// Sets the largest payload of a frame that is accepted, in bytes. Default: 2^30.
        ///
        /// Text that gets on the link by mistake announces larger payloads, so that it is noticed at once.
        with_max_frame, max_frame: usize;
        /// Sets the number of peer-made channels that may exist at a time. Default: 2^16.
        with_max_peer_channels, max_peer_channels: usize;
        /// Sets the limits on decoding one item.
        with_limits, limits: Limits;
        /// Sets the limits on items that wait to be received. Default: no limits, as in execnet.
        with_inbox, inbox: InboxLimits;
        /// Sets the credit of each channel and direction, in bytes: no more than that, and one item, is on the way to a
        /// program that does not receive; [`Channel::send`](crate::Channel::send) waits. Default: `None`, as in execnet.
        ///
        /// Both ends must have the same credit. Stock execnet has none, and ends at the first frame with credit.
        with_credit, credit: Option<usize>;
        /// Sets whether lists, dicts and other containers travel as pickles, which a CPython worker reads and writes in C.
        /// Default: false.
        ///
        /// Both ends must have agreed: an end that did not takes such an item for a malformed one. What arrives is the same.
        with_pickles, pickles: bool;
    }

    /// The name of the gateway.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// See [`with_spec`](Self::with_spec).
    #[must_use]
    pub fn spec(&self) -> &str {
        &self.spec
    }

    /// The end of the link that this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// How calls of a peer are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ExecModel {
    /// Each call in a thread of its own.
    #[default]
    Thread,
    /// One call at a time, in the main thread.
    MainThreadOnly,
}

impl ExecModel {
    /// The name that specs and answers to STATUS use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::MainThreadOnly => "main_thread_only",
        }
    }

    /// The model of this name; `None` if a Rust worker has no such model.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let known = [Self::Thread, Self::MainThreadOnly];
        known.into_iter().find(|model| model.as_str() == name)
    }
}

impl fmt::Display for ExecModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
