use alloc::string::String;
use core::fmt;

use execnet_serializer::Limits;

use crate::session::{InboxLimits, Role};

/// How a gateway is called, and how much it lets its peer cost.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// The name: it stands in errors, and in the names of the gateway's threads.
    pub id: String,
    /// What it was made from: a spec, as text. Default: empty.
    pub spec: String,
    /// Which end this is.
    pub role: Role,
    /// How code that the peer asks for is run here. Told in answers to STATUS.
    pub exec_model: ExecModel,
    /// The longest payload of a frame that is read, in bytes. Default: 2^30.
    ///
    /// Bytes of text that got on the link by mistake announce lengths above the default, so that they are
    /// noticed at once.
    pub max_frame: usize,
    /// How many channels that the peer made may live at a time. Default: 2^16.
    pub max_peer_channels: usize,
    /// What decoding one item may cost.
    pub limits: Limits,
    /// How much may wait to be received, and what happens beyond. Default: no limit, as in execnet.
    pub inbox: InboxLimits,
    /// Whether the two ends hold each other up: on each channel no more than so many bytes, and one item, are on the
    /// way to a program that does not receive them; [`Channel::send`](crate::Channel::send) waits. Default: `None`, as
    /// in execnet.
    ///
    /// Both ends have to be given the same number: stock execnet knows nothing of it, and ends at the first
    /// such frame.
    pub credit: Option<usize>,
}

impl GatewayConfig {
    /// The defaults.
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
        }
    }
}

/// How code that a peer asks for is run.
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

    /// The model of this name, if it is one that exists here.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let known = [Self::Thread, Self::MainThreadOnly];
        known.into_iter().find(|model| model.as_str() == name)
    }
}

impl fmt::Display for ExecModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
