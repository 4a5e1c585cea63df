//! One end of a gateway without threads: whoever waits for something reads the frames until it is there.
//!
//! It needs `alloc` and a link of two [`embedded_io`] halves, and drives the same [`session`](crate::session) as a
//! [`Gateway`](crate#gateway) does. It is for devices, for programs that are one loop, and for the shortest round
//! trip.
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
//! What blocks is the link's `read` and `write`. There is no clock, so that no wait has a timeout: a link that gives
//! up after a time does so by an error, which ends the endpoint.
//!
//! While nothing waits nothing is read, and the peer's writes fill the link; what a peer asks (its status, say) is
//! answered at the next wait. Two endpoints that write to each other more than the link holds, while neither waits,
//! wait for ever; a peer with a reader of its own, as every Python one, cannot bring that about.
//!
//! Handles can be used from several threads or cores. One of them reads then, and the others look after each frame
//! whether it was for them; without `std` they spin.
//!
//! With [credit](EndpointConfig::credit) sending waits as well, and reads meanwhile.
//!
//! # Polling
//!
//! A program that is one loop does not wait for its peer. Over a link whose halves tell whether they are ready
//! ([`embedded_io::ReadReady`], [`embedded_io::WriteReady`]), [`Endpoint::poll`] handles what is there and returns:
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
//!     // Reads and writes what can be without waiting; the end of the link is the end of the loop.
//!     let progress = endpoint.poll()?;
//!     // Functions that the peer has called.
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
//! What still waits is [`EndpointChannel::send`], where the link takes no more, [`EndpointChannel::close`] and
//! [`Endpoint::exit`]; and functions that `serve_pending` calls, if they wait. Dropping a channel never does: the peer is
//! told with the next write, wait or poll.
//!
//! While one thread waits in a write, others poll, receive and close channels: what they have to tell the peer is written
//! by that thread.

mod call;
mod channel;
mod config;
mod link;
mod output;
mod poll;
mod serve;

pub use channel::EndpointChannel;
pub use config::EndpointConfig;
pub use serve::Functions;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};

use embedded_io::{Read, ReadReady, Write, WriteReady};
use execnet_serializer::ChannelId;

use self::link::{Reader, Writer};
use self::output::Output;
use self::poll::EndpointInput;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::frame::FrameReader;
use crate::session::{BUSY, Event, Message, OpenError, Reply, Role, Session};
use crate::sync::{Mutex, Signal};

/// The name of what an endpoint does with calls, which answers to STATUS give.
const EXECMODEL: &str = "main_thread_only";

/// What an [`EndpointChannel`] receives: a value, and the channels that it names.
pub type EndpointItem = crate::item::Received<EndpointChannel>;

/// One end of a gateway, driven by whoever waits: see the [module](self).
///
/// Handles are cheap to clone, and channels hold one. When the last is dropped the link is closed.
#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
}

/// There are two locks. A thread that takes both takes them in this order.
struct Inner {
    config: EndpointConfig,
    /// Of who reads, as the state says, until a frame was handled. `None` when there is nothing more to read.
    reader: Mutex<Option<EndpointInput>>,
    /// Never held while something is read, written, decoded or dropped.
    state: Mutex<State>,
    /// A frame was handled, for those who wait while another reads.
    handled: Signal,
    /// The writing half was given back, for threads that wait while another writes.
    given_back: Signal,
}

struct State {
    session: Session<()>,
    /// Somebody reads, and so many others wait meanwhile.
    is_read: bool,
    waiting: usize,
    /// A thread takes it under the lock under which it sees that its frame may be sent, so that no item follows a CLOSE on
    /// the wire.
    output: Output,
    /// How many threads wait for it.
    writing: usize,
    /// It is to be closed as soon as it is given back.
    closing: bool,
    disconnected: Option<Disconnected>,
    /// The peer sends no more, but functions that were called may still send.
    half_closed: bool,
    exiting: bool,
    /// Accepted, and waiting for [`Endpoint::serve`].
    calls: VecDeque<(ChannelId, Vec<u8>)>,
    /// Whole frames, queued by those who must not wait for the link. They leave before any frame that is allowed later.
    write_queue: Vec<u8>,
    /// At least as many bytes of unwritten answers as there are. Frames that the program causes do not count.
    answers: usize,
    /// The link has taken a part of earlier ones, and the writer has the rest. It stays true until the next flush.
    has_rest: bool,
}

impl Endpoint {
    /// An endpoint over a link whose bootstrap is done: the next byte each way begins a frame.
    pub fn new(
        reader: impl Read + Send + 'static,
        writer: impl Write + Send + 'static,
        config: EndpointConfig,
    ) -> Self {
        Self::of(Reader::blocking(reader), Writer::blocking(writer), config)
    }

    /// As [`new`](Self::new), over a link whose halves can say whether they are ready, so that it can be
    /// [polled](Self::poll). Where such a half says that it is, one read or write of it must not wait; neither may its
    /// `flush`.
    pub fn pollable(
        reader: impl Read + ReadReady + Send + 'static,
        writer: impl Write + WriteReady + Send + 'static,
        config: EndpointConfig,
    ) -> Self {
        Self::of(Reader::pollable(reader), Writer::pollable(writer), config)
    }

    fn of(reader: Reader, writer: Writer, config: EndpointConfig) -> Self {
        let frames = FrameReader::with_capacity(config.buffer, reader, config.max_frame);
        let mut session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit);
        // Only a thread that waits reads: if it paused, it would wait for itself.
        session.never_pause();
        let state = State {
            session,
            is_read: false,
            waiting: 0,
            output: Output::Free(writer),
            writing: 0,
            closing: false,
            disconnected: None,
            half_closed: false,
            exiting: false,
            calls: VecDeque::new(),
            write_queue: Vec::new(),
            answers: 0,
            has_rest: false,
        };
        let inner = Arc::new(Inner {
            config,
            reader: Mutex::new(Some(EndpointInput::new(frames))),
            state: Mutex::new(state),
            handled: Signal::default(),
            given_back: Signal::default(),
        });
        Self { inner }
    }

    /// Opens a channel that no code listens on yet: send it over another channel to use it.
    ///
    /// # Errors
    ///
    /// The endpoint was exited or lost its peer.
    pub fn new_channel(&self) -> Result<EndpointChannel, SendError> {
        let id = {
            let mut state = self.inner.state.lock();
            state.check_alive()?;
            state.session.open().map_err(|error| match error {
                OpenError::IdsUsedUp => SendError::IdsUsedUp,
                OpenError::LinkEnd => SendError::Disconnected(state.disconnect_reason()),
            })?
        };
        Ok(EndpointChannel::new(self.clone(), id))
    }

    /// Why nothing more is received; `None` while something may come.
    #[must_use]
    pub fn disconnected(&self) -> Option<Disconnected> {
        self.inner.state.lock().disconnected.clone()
    }

    fn finish(&self, reason: DisconnectReason) {
        let half_closed = {
            let mut state = self.inner.state.lock();
            let ended = matches!(
                reason,
                DisconnectReason::Terminated | DisconnectReason::EndOfStream
            );
            state.half_closed = ended && self.inner.config.role == Role::Worker;
            let reason = match reason {
                // It is what was asked for.
                DisconnectReason::EndOfStream if state.exiting => DisconnectReason::Exited,
                reason => reason,
            };
            state.disconnected = Some(Disconnected::new(reason, None));
            state.session.end();
            state.half_closed
        };
        if !half_closed {
            self.close_output();
        }
    }
}

impl State {
    fn handle(&mut self, message: Message) -> Result<(), DisconnectReason> {
        match self.session.handle(message) {
            Event::Nothing | Event::Item(()) | Event::Ended(()) | Event::Credit(()) => {}
            // Once for a channel, and not an answer: see `answers`.
            Event::Refused((), reply) => self.post([reply]),
            Event::Reply(reply) => self.answer(reply),
            Event::Terminated => return Err(DisconnectReason::Terminated),
            Event::Exec(id, payload) => {
                if let Err(refusal) = self.exec(id, payload) {
                    self.answer(refusal);
                }
            }
        }
        Ok(())
    }

    fn exec(&mut self, id: ChannelId, payload: Vec<u8>) -> Result<(), Reply> {
        if self.session.is_occupied() {
            return Err(Reply::CloseError(id, BUSY));
        }
        let accepted = self.session.accept(id, payload.len());
        accepted.map_err(|refused| Reply::CloseError(id, refused.text()))?;
        self.calls.push_back((id, payload));
        Ok(())
    }

    /// Whether frames wait to be written.
    fn is_behind(&self) -> bool {
        !self.write_queue.is_empty() || self.has_rest
    }

    /// Whether frames may still be sent.
    fn check_alive(&self) -> Result<(), SendError> {
        if self.exiting || (self.disconnected.is_some() && !self.half_closed) {
            return Err(self.lost());
        }
        Ok(())
    }

    fn lost(&self) -> SendError {
        SendError::Disconnected(self.disconnect_reason())
    }

    fn disconnect_reason(&self) -> Disconnected {
        let exited = || Disconnected::new(DisconnectReason::Exited, None);
        self.disconnected.clone().unwrap_or_else(exited)
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
        let (live, load) = {
            let state = self.inner.state.lock();
            (state.disconnected.is_none(), state.session.status())
        };
        let live = if live {
            "receive-live"
        } else {
            "not-receiving"
        };
        write!(
            f,
            "<Endpoint {live}, {} active channels>",
            load.num_channels
        )
    }
}
