//! The handle of a gateway.

mod call;
mod info;

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
use crate::engine::{GatewayConfig, Shared};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link::Link;
use crate::session::encode;
use crate::sync::{Deadline, Mutex};

/// A connection to an interpreter or a Rust worker: it runs code there, and opens channels.
///
/// Handles are cheap to clone, and channels own one. Dropping the last one exits the gateway, as [`exit`](Self::exit)
/// does. A callback on a channel is not a handle; it still gets the items that the peer sends, and then the end.
///
/// A gateway has at most three threads: one that reads, one that writes for threads that must not block, and one that calls
/// callbacks. The latter two start when they are needed. The threads are named after the gateway, and end with it; see
/// [`join`](Self::join).
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// `exit` was called, perhaps after the link had ended.
    exited: AtomicBool,
    /// The answer to [`Gateway::remote_info`].
    info: Mutex<Option<RemoteInfo>>,
}

/// The gateway of a callback. It does not keep the gateway from exiting.
pub(crate) struct WeakGateway(Weak<Inner>);

impl WeakGateway {
    /// A handle of the gateway.
    pub(crate) fn upgrade(&self, shared: &Arc<Shared>) -> Gateway {
        self.0.upgrade().map_or_else(
            // The gateway has exited. The channels of an item need a handle nevertheless; dropping it exits again,
            // which has no effect.
            || Gateway::of(shared.clone()),
            |inner| Gateway { inner },
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
        let gateway = Self::of(Shared::new(link, config));
        gateway.shared().start()?;
        Ok(gateway)
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        let inner = Arc::new(Inner {
            shared,
            exited: AtomicBool::new(false),
            info: Mutex::default(),
        });
        Self { inner }
    }

    /// The id of this gateway.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared().config.id
    }

    /// The spec from which it was made; empty for a gateway over a link that the program supplies.
    #[must_use]
    pub fn spec(&self) -> &str {
        &self.shared().config.spec
    }

    /// Opens a channel that remote code does not know yet: send it over another channel to use it.
    ///
    /// # Errors
    ///
    /// The gateway was exited, or the connection is lost.
    pub fn new_channel(&self) -> Result<Channel, SendError> {
        let (id, condvars) = self.shared().open()?;
        Ok(Channel::new(self.clone(), id, condvars))
    }

    /// Opens a channel for a request of the gateway itself. Its strings are decoded with the default settings, whatever
    /// [`reconfigure`](Self::reconfigure) has set.
    fn own_channel(&self) -> Result<Channel, SendError> {
        let channel = self.new_channel()?;
        let mut state = self.shared().state.lock();
        let session = &mut state.session;
        session.reconfigure_channel(channel.id(), StrConfig::CHANNEL);
        drop(state);
        Ok(channel)
    }

    /// Makes a channel as a call of the peer would make it.
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

    /// Sets how strings are decoded on channels that are made from now on, on both sides.
    ///
    /// # Errors
    ///
    /// The gateway was exited, or the connection is lost.
    pub fn reconfigure(&self, strings: StrConfig) -> Result<(), SendError> {
        let state = &self.shared().state;
        state.lock().session.reconfigure_gateway(strings);
        self.send_strings(ChannelId(0), strings)
    }

    pub(crate) fn send_strings(&self, id: ChannelId, strings: StrConfig) -> Result<(), SendError> {
        let pair = (strings.py2str_as_py3str, strings.py3str_as_py2str);
        let frame = encode(MessageCode::Reconfigure, id, &pair)?;
        self.shared().send(&frame)
    }

    /// Exits the gateway: sends TERMINATE to the peer and closes the writing end. Returns at once. Nothing can be sent
    /// any more; items that the peer still sends are received. Calling it again has no effect.
    ///
    /// [`join`](Self::join) waits for the end of the peer.
    pub fn exit(&self) {
        self.inner.exited.store(true, Ordering::Release);
        self.shared().exit();
    }

    /// Whether [`exit`](Self::exit) was called.
    #[must_use]
    pub fn is_exited(&self) -> bool {
        self.inner.exited.load(Ordering::Acquire)
    }

    /// Waits until the link has ended and the threads of the gateway have exited. All callbacks have seen the end then.
    ///
    /// Returns false at once in a callback, which runs in one of these threads.
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

    /// Why the gateway does not receive any more; `None` while it does.
    #[must_use]
    pub fn disconnected(&self) -> Option<Disconnected> {
        let state = self.shared().state.lock();
        state.lifecycle.disconnected().cloned()
    }

    /// Kills the peer, if the transport can do that.
    pub fn kill(&self) {
        self.shared().control.kill();
        // A paused reader would not notice the end of the link.
        self.shared().never_pause();
    }

    pub(crate) fn downgrade(&self) -> WeakGateway {
        WeakGateway(Arc::downgrade(&self.inner))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }
}

impl Drop for Inner {
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
            (state.lifecycle.label(), state.session.status().num_channels)
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
