//! One end of a gateway without threads: a thread that waits for something reads frames until it has arrived.
//!
//! It needs `alloc` and a link of two [`embedded_io`] halves, and drives the same [`session`](crate::session) as a
//! [`Gateway`](crate#gateway) does. It is for devices, for programs with a main loop, and for the shortest round trip.
//!
//! ```
//! # fn example(
//! #     reader: impl embedded_io::Read + Send + 'static, writer: impl embedded_io::Write + Send + 'static,
//! # ) -> Result<(), Box<dyn core::error::Error>> {
//! use execnet_core_sync::Role;
//! use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
//!
//! let mut functions = Functions::new();
//! functions.register("echo", |channel: &EndpointChannel| -> Result<(), Box<dyn core::error::Error + Send + Sync>> {
//!     loop {
//!         channel.send(&*channel.receive()?)?;
//!     }
//! });
//! let endpoint = Endpoint::new(reader, writer, EndpointConfig::new(Role::Worker));
//! endpoint.serve(&functions)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Waiting
//!
//! Only the link's `read` and `write` block. There is no clock, so that no wait has a timeout: a link that gives up after a
//! time returns an error, which ends the endpoint.
//!
//! While no thread waits nothing is read, and the peer's writes fill the link; requests of the peer, for the status for
//! example, are answered at the next wait. Two endpoints that write more to each other than the link holds, while neither
//! waits, block for ever. A peer with a reader thread, as all Python peers have, cannot cause that.
//!
//! Handles can be used from several threads or cores. One of them reads, and the others check after each frame whether it
//! was for them; without `std` they spin.
//!
//! With [credit](EndpointConfig::credit) sending waits as well, and reads meanwhile.
//!
//! # Polling
//!
//! A program with a main loop must not wait for its peer. Over a link whose halves report readiness
//! ([`embedded_io::ReadReady`], [`embedded_io::WriteReady`]), [`Endpoint::poll`] handles the available frames and returns:
//!
//! ```
//! # use embedded_io::{Read, ReadReady, Write, WriteReady};
//! # use execnet_core_sync::{Disconnected, ReceiveError, Role};
//! # use execnet_core_sync::endpoint::{Endpoint, EndpointConfig, Functions};
//! # fn sample() -> Option<i32> { None }
//! # fn sleep_until_interrupt() {}
//! # fn main_loop(
//! #     reader: impl Read + ReadReady + Send + 'static, writer: impl Write + WriteReady + Send + 'static,
//! #     functions: &Functions,
//! # ) -> Result<(), Box<dyn core::error::Error>> {
//! let endpoint = Endpoint::pollable(reader, writer, EndpointConfig::new(Role::Worker));
//! let samples = endpoint.new_channel()?;
//! loop {
//!     // Reads and writes without waiting. The end of the link ends the loop.
//!     let progress = endpoint.poll()?;
//!     // Runs the calls of the peer.
//!     let called = endpoint.serve_pending(functions);
//!     while let Some(command) = samples.try_receive()? {
//!         // Work on it.
//! #       let _ = command;
//!     }
//!     if let Some(sample) = sample() {
//!         samples.send(sample)?;
//!     }
//!     if !progress && !called {
//!         sleep_until_interrupt();
//!     }
//! }
//! # }
//! ```
//!
//! [`EndpointChannel::send`], [`EndpointChannel::close`] and [`Endpoint::exit`] still wait while the link is full, and
//! so may functions that `serve_pending` calls. Dropping a channel never waits: the frame is sent with the next write,
//! wait or poll.
//!
//! On a device without an operating system, [`EndpointConfig::with_relax`] lets the waits that are left sleep until the next
//! interrupt, and [`EndpointConfig::worker_within`] chooses limits that fit the memory. The module
//! [`serial`](crate::serial) makes connections of a UART.
//!
//! While one thread waits in a write, others can poll, receive and close channels: that thread writes their frames.

mod call;
mod channel;
mod config;
mod link;
mod output;
mod poll;
mod serve;
mod state;

pub use channel::EndpointChannel;
pub use config::EndpointConfig;
pub use serve::Functions;

use alloc::sync::Arc;
use core::fmt;
use core::hash::{Hash, Hasher};

use embedded_io::{Read, ReadReady, Write, WriteReady};

use self::link::{Reader, Writer};
use self::state::{EndpointState, Inner};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::session::Role;
use crate::sync::{Condvar, Mutex};

/// An item that an [`EndpointChannel`] receives: a value, and the channels that it names.
pub type EndpointItem = crate::item::Received<EndpointChannel>;

/// One end of a gateway, driven by the threads that wait: see the [module](self).
///
/// Handles are cheap to clone, and channels own one. Dropping the last one closes the link.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

impl Endpoint {
    /// An endpoint over a link on which nothing but frames is sent from now on, in both directions.
    pub fn new(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        config: EndpointConfig,
    ) -> Self {
        Self::of(Reader::blocking(reader), Writer::blocking(writer), config)
    }

    /// As [`new`](Self::new), over a link whose halves report readiness, so that the endpoint can be
    /// [polled](Self::poll). If a half reports that it is ready, one read or write must not block, and neither must
    /// `flush`.
    pub fn pollable(
        reader: impl Read + ReadReady + Send + 'static,
        writer: impl Write + WriteReady + Send + 'static,
        config: EndpointConfig,
    ) -> Self {
        let reader = Reader::pollable(reader, config.relax);
        let writer = Writer::pollable(writer, config.relax);
        Self::of(reader, writer, config)
    }

    fn of(reader: Reader, writer: Writer, config: EndpointConfig) -> Self {
        let inner = Arc::new(Inner {
            state: Mutex::new(EndpointState::new(&config, reader, writer)),
            config,
            handled: Condvar::default(),
            returned: Condvar::default(),
        });
        Self { inner }
    }

    /// Opens a channel that remote code does not know yet: send it over another channel to use it.
    ///
    /// # Errors
    ///
    /// The endpoint was exited, or the connection is lost.
    pub fn new_channel(&self) -> Result<EndpointChannel, SendError> {
        let id = {
            let state = &mut *self.inner.state.lock();
            state.lifecycle.open(&mut state.session)?
        };
        Ok(EndpointChannel::new(self.clone(), id))
    }

    /// Why no more items arrive; `None` while the connection is alive.
    #[must_use]
    pub fn disconnected(&self) -> Option<Disconnected> {
        let state = self.inner.state.lock();
        state.lifecycle.disconnected().cloned()
    }

    /// Number of frames that were read. It wraps around.
    #[must_use]
    pub fn frames_read(&self) -> u32 {
        self.inner.state.lock().frames
    }

    /// The link has ended.
    fn finish(&self, reason: DisconnectReason) {
        let may_write = {
            let mut state = self.inner.state.lock();
            let runs_code = self.inner.config.role == Role::Worker;
            state.lifecycle.disconnect(reason, None, runs_code);
            state.session.end();
            state.lifecycle.may_write()
        };
        // Functions may still send until `serve` returns, which closes the writing half then.
        if !may_write {
            self.close_output();
        }
    }
}

/// Two handles are equal if they are of the same endpoint.
impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Endpoint {}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(&self.inner).hash(hasher);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (live, channels) = {
            let state = self.inner.state.lock();
            (state.lifecycle.label(), state.session.status().num_channels)
        };
        write!(f, "<Endpoint {live}, {channels} active channels>")
    }
}
