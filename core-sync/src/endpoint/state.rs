//! What the handles of an endpoint share, under one lock.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::EndpointConfig;
use super::link::{Reader, Writer};
use super::output::WriterSlot;
use crate::disconnected::DisconnectReason;
use crate::frame::{FrameReader, Header, ReadError, SpareBuffer};
use crate::lifecycle::Lifecycle;
use crate::memory;
use crate::session::{BUSY, Event, Message, NO_MEMORY, Reply, Session, Unread};
use crate::sync::{Condvar, Mutex};

/// Items of up to this many bytes are copied out of the buffer of their arrival.
const COPIED: usize = 255;

/// Shared by the handles of an endpoint.
pub(super) struct Inner {
    pub(super) config: EndpointConfig,
    /// Not held while a thread reads, writes, decodes or drops values of the program. Without `std` waiting for it means to
    /// spin.
    pub(super) state: Mutex<EndpointState>,
    /// A frame was handled: for threads that wait while another one reads.
    pub(super) handled: Condvar,
    /// The writing half was returned: for threads that wait while another one writes.
    pub(super) returned: Condvar,
}

pub(super) struct EndpointState {
    pub(super) session: Session<()>,
    pub(super) lifecycle: Lifecycle,
    /// `None` while a thread reads, and once the link is not read any more.
    pub(super) input: Option<FrameReader<Reader>>,
    // A thread takes it under the lock under which it finds that its frame may be sent, and keeps it until the frame is
    // written: no item follows a CLOSE on the wire.
    pub(super) output: WriterSlot,
    /// The writing half has to be closed when it is returned.
    pub(super) closing: bool,
    /// Accepted calls that wait for [`Endpoint::serve`](super::Endpoint::serve).
    pub(super) calls: VecDeque<(ChannelId, Vec<u8>)>,
    /// Frames queued by threads that must not block on the link. They are written before any frame that is sent later.
    pub(super) write_queue: Vec<u8>,
    /// An upper bound of the bytes of unwritten answers. Frames that the program causes do not count.
    pub(super) answers: usize,
    /// The link has taken a part of the frames of an earlier flush, and the writer has the rest.
    pub(super) has_rest: bool,
    /// The buffer of an earlier frame, for the next one that is sent.
    pub(super) spare_frame: SpareBuffer,
    /// Number of frames that were read; it wraps around.
    pub(super) frames: u32,
    max_frame: usize,
}

impl EndpointState {
    pub(super) fn new(config: &EndpointConfig, reader: Reader, writer: Writer) -> Self {
        let input = FrameReader::with_capacity(config.buffer, reader, config.max_frame);
        let mut session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit)
            // As a worker in this model, it runs one call at a time, in the thread that serves.
            .with_exec_model("main_thread_only");
        // Only threads that wait read. A thread that paused would wait for an item that only it can read.
        session.never_pause();
        Self {
            session,
            lifecycle: Lifecycle::default(),
            input: Some(input),
            output: WriterSlot::Free(writer),
            closing: false,
            calls: VecDeque::new(),
            write_queue: Vec::new(),
            answers: 0,
            has_rest: false,
            spare_frame: SpareBuffer::default(),
            frames: 0,
            max_frame: config.max_frame,
        }
    }

    /// Refuses a frame that is longer than the limit, or than there is memory for. Fails with the reason if it cannot be left
    /// out.
    pub(super) fn refuse_unread(
        &mut self,
        header: &Header,
        reason: DisconnectReason,
    ) -> Result<(), DisconnectReason> {
        let unread = match reason {
            DisconnectReason::Read(ReadError::Memory { .. }) => Unread::NoMemory,
            _ => Unread::TooLong(self.max_frame),
        };
        match self.session.refuse_unread(header, unread) {
            None => return Err(reason),
            Some(Event::Refused((), reply)) => self.post([reply]),
            Some(Event::Reply(reply)) => self.answer(reply),
            Some(_) => {}
        }
        Ok(())
    }

    /// Applies a message of the peer.
    pub(super) fn handle(&mut self, message: Message) -> Result<(), DisconnectReason> {
        let message = match message {
            // Its buffer becomes that of the inbox. Shorter ones are copied.
            Message::Data(id, item) if item.payload.len() > COPIED && !memory::has_spare() => {
                Message::Unstored(id)
            }
            message => message,
        };
        match self.session.handle(message) {
            // No thread is woken for a single event: `ReadLease` wakes all threads after each frame.
            Event::Nothing | Event::Item(()) | Event::Ended(()) | Event::Credit(()) => {}
            // Not counted as an answer: it is sent once for each channel.
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
        if self.calls.try_reserve(1).is_err() {
            return Err(Reply::CloseError(id, NO_MEMORY));
        }
        let accepted = self.session.accept(id, payload.len());
        accepted.map_err(|refused| Reply::CloseError(id, refused.text()))?;
        self.calls.push_back((id, payload));
        Ok(())
    }

    /// Whether frames wait to be written.
    pub(super) fn is_behind(&self) -> bool {
        !self.write_queue.is_empty() || self.has_rest
    }
}
