//! The handle of a gateway.

mod exec;
mod info;
mod status;

pub use info::RemoteInfo;
pub(crate) use info::{CALL_NAME as INFO_CALL, answer as answer_info};

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;

use execnet_serializer::{ChannelId, StrConfig};

use crate::api::channel::Channel;
use crate::disconnected::Disconnected;
use crate::engine::{Executor, GatewayConfig, Shared};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link::Link;
use crate::session::encode;
use crate::sync::{Deadline, Mutex};

/// A connection to an interpreter or a worker, over which code is run and channels are opened.
///
/// Handles are cheap to clone, and channels hold one. When the last is dropped the gateway is exited, as by
/// [`exit`](Self::exit). A callback that was set on a channel is no handle: what the peer still sends reaches it, and
/// then the end.
///
/// A gateway has three threads at most, whatever is done with it: one that reads, and where they are needed one that
/// writes what must not wait, and one that calls callbacks. They are named after the gateway, and end with it; see
/// [`join`](Self::join).
#[derive(Clone)]
pub struct Gateway {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    /// `exit` was called, maybe after the link had ended.
    exited: AtomicBool,
    /// What [`Gateway::remote_info`] was told.
    info: Mutex<Option<RemoteInfo>>,
}

/// What a callback holds of its gateway: it does not keep that from being exited.
pub(crate) struct WeakGateway(Weak<Handle>);

impl WeakGateway {
    /// The gateway for which the engine calls.
    pub(crate) fn upgrade(&self, shared: &Arc<Shared>) -> Gateway {
        self.0.upgrade().map_or_else(
            // It was exited: a handle of its own for the channels in an item does no harm.
            || Gateway::of(shared.clone()),
            |handle| Gateway { handle },
        )
    }
}

impl Gateway {
    /// Starts a gateway over `link`.
    ///
    /// # Errors
    ///
    /// The reader's thread cannot be started; then the peer is killed through the link's control.
    pub fn new(link: Link, config: GatewayConfig) -> io::Result<Self> {
        Self::start(link, config, |_| None)
    }

    /// As [`new`](Self::new), for an end that runs the code it is asked to run.
    pub(crate) fn start(
        link: Link,
        config: GatewayConfig,
        executor: impl FnOnce(&Self) -> Option<Weak<dyn Executor>>,
    ) -> io::Result<Self> {
        Shared::start(link, config, |shared| {
            let gateway = Self::of(shared.clone());
            let executor = executor(&gateway);
            (gateway, executor)
        })
    }

    fn of(shared: Arc<Shared>) -> Self {
        let handle = Arc::new(Handle {
            shared,
            exited: AtomicBool::new(false),
            info: Mutex::default(),
        });
        Self { handle }
    }

    /// The name of this gateway.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared().config.id
    }

    /// The text of the spec that it was made from; empty for a gateway over a link of the program's own.
    #[must_use]
    pub fn spec(&self) -> &str {
        &self.shared().config.spec
    }

    /// Opens a channel that no code listens on yet: send it over another channel to use it.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer.
    pub fn new_channel(&self) -> Result<Channel, SendError> {
        let (id, condvars) = self.shared().open()?;
        Ok(Channel::new(self.clone(), id, condvars))
    }

    /// Opens a channel for what the gateway itself asks: the answer is read as it was meant, however
    /// [`reconfigure`](Self::reconfigure) has others read.
    fn own_channel(&self) -> Result<Channel, SendError> {
        let channel = self.new_channel()?;
        let mut state = self.shared().state.lock();
        let session = &mut state.session;
        session.reconfigure_channel(channel.id(), StrConfig::CHANNEL);
        drop(state);
        Ok(channel)
    }

    /// Makes the channel that a peer would make by asking for code to be run.
    #[cfg(feature = "test-util")]
    pub(crate) fn accept(&self, id: ChannelId) -> Result<Channel, crate::session::RefusedCall> {
        let condvars = {
            let mut state = self.shared().state.lock();
            state.session.accept(id, 0)?;
            state.session.call_begins(0);
            state.session.call_done(id);
            state.condvars_of(id)
        };
        Ok(Channel::new(self.clone(), id, condvars))
    }

    /// Sets how strings are read on channels that are made from now on, here and at the peer.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer.
    pub fn reconfigure(&self, strings: StrConfig) -> Result<(), SendError> {
        self.shared()
            .state
            .lock()
            .session
            .reconfigure_gateway(strings);
        self.send_strings(ChannelId(0), strings)
    }

    pub(crate) fn send_strings(&self, id: ChannelId, strings: StrConfig) -> Result<(), SendError> {
        let pair = (strings.py2str_as_py3str, strings.py3str_as_py2str);
        let frame = encode(MessageCode::Reconfigure, id, &pair)?;
        self.shared().send(&frame)
    }

    /// Tells the peer to wind down and closes the writing end. Returns at once; nothing can be sent any more, and
    /// what the peer still sends is received. Calling it again does nothing.
    ///
    /// To know when the peer has gone, [`join`](Self::join).
    pub fn exit(&self) {
        self.handle.exited.store(true, Ordering::Release);
        self.shared().exit();
    }

    /// Whether [`exit`](Self::exit) was called.
    #[must_use]
    pub fn is_exited(&self) -> bool {
        self.handle.exited.load(Ordering::Acquire)
    }

    /// Waits until the link has ended and the threads of the gateway have exited, so that all callbacks have seen their
    /// end.
    ///
    /// A callback runs in such a thread, which cannot wait for itself: called from there, this returns false at once.
    #[must_use]
    pub fn join(&self) -> bool {
        self.shared().join(Deadline::NEVER)
    }

    /// As [`join`](Self::join), for at most `timeout`. Returns false if the threads have not exited by then.
    #[must_use]
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.shared().join(Deadline::after(timeout))
    }

    /// Whether frames of the peer are still read.
    #[must_use]
    pub fn has_receiver(&self) -> bool {
        self.disconnected().is_none()
    }

    /// Why the gateway receives no more; `None` while it does.
    #[must_use]
    pub fn disconnected(&self) -> Option<Disconnected> {
        self.shared().state.lock().disconnected.clone()
    }

    /// Makes the peer end now, as far as the transport can.
    pub fn kill(&self) {
        self.shared().control.kill();
        self.shared().read_on();
    }

    pub(crate) fn downgrade(&self) -> WeakGateway {
        WeakGateway(Arc::downgrade(&self.handle))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.exit();
    }
}

/// Two handles are equal if they are of the same gateway.
impl PartialEq for Gateway {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.shared(), other.shared())
    }
}

impl Eq for Gateway {}

impl Hash for Gateway {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(self.shared()).hash(hasher);
    }
}

/// `<Gateway id='gw0' receive-live, thread model, 0 active channels>`
impl fmt::Display for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (live, channels) = {
            let state = self.shared().state.lock();
            let live = state.disconnected.is_none();
            (live, state.session.status().num_channels)
        };
        let live = if live {
            "receive-live"
        } else {
            "not-receiving"
        };
        let model = self.shared().config.exec_model;
        let id = self.id();
        write!(
            f,
            "<Gateway id='{id}' {live}, {model} model, {channels} active channels>"
        )
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
