//! Reading. Threads that wait read the link: one at a time, for one frame. A thread that polls reads the available frames.

use super::link::Reader;
use super::{Endpoint, EndpointState, Inner};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::frame::{FrameReader, ReadError};
use crate::memory;
use crate::session::Message;

/// Maximal number of frames that one [`Endpoint::poll`] handles: it must return although the peer never stops sending.
const POLLED: usize = 32;

/// No answer is longer, in bytes.
const ANSWER: usize = 192;

impl Endpoint {
    /// Reads frames until `ready` returns something, which it must do when the link has ended.
    pub(super) fn wait_for<T>(&self, mut ready: impl FnMut(&mut EndpointState) -> Option<T>) -> T {
        let inner = &*self.inner;
        let mut state = inner.state.lock();
        loop {
            if let Some(found) = ready(&mut state) {
                return found;
            }
            if let Some(mut lease) = ReadLease::begin(inner, &mut state) {
                let is_behind = state.is_behind();
                drop(state);
                // The peer may be waiting for a queued frame before it sends the next one.
                if is_behind {
                    self.flush_before_reading();
                }
                self.read(&mut lease, false);
                drop(lease);
                state = inner.state.lock();
            } else {
                // Another thread reads, and wakes this one after each frame: the frame may be for this thread, and the
                // reader may leave with its own.
                state = inner.handled.wait_for_change(&inner.state, state);
            }
        }
    }

    /// Writes the queued frames, before this thread blocks in a read.
    fn flush_before_reading(&self) {
        match self.may_answer() {
            true => self.flush(),
            // Too many answers are unwritten: this thread waits for the one that is writing them, and reads no more
            // until then.
            false => self.flush_behind_others(),
        }
    }

    /// Makes progress without waiting: writes as many queued bytes as the link takes, and handles the available frames.
    /// Returns whether there was any progress: if so, poll again before sleeping.
    ///
    /// After that, take items with [`try_receive`](super::EndpointChannel::try_receive), and run calls with
    /// [`serve_pending`](Self::serve_pending). The [module](super#polling) has an example of a main loop.
    ///
    /// The endpoint must be made by [`pollable`](Self::pollable). The link of one made by [`new`](Self::new) does not
    /// report readiness: then only frames that have been read already are handled.
    ///
    /// # Errors
    ///
    /// The connection is lost, or the peer has closed it after [`exit`](Self::exit). Items that arrived before can still be
    /// received.
    pub fn poll(&self) -> Result<bool, Disconnected> {
        let progress = self.advance();
        self.disconnected().map_or(Ok(progress), Err)
    }

    /// As [`poll`](Self::poll), also after the end of the link.
    pub(super) fn advance(&self) -> bool {
        let mut progress = self.flush_ready();
        // A thread that polls does not wait for the one that reads: that thread handles the frames.
        let Some(mut lease) = ReadLease::begin(&self.inner, &mut self.inner.state.lock()) else {
            return progress;
        };
        let mut frames = 0;
        while frames < POLLED && self.may_answer() && self.read(&mut lease, true) {
            frames += 1;
        }
        drop(lease);
        progress |= frames > 0;
        // The answers to these frames.
        progress | self.flush_ready()
    }

    /// Reads and handles a frame. Returns false if there is none: it has not arrived completely, or the link has ended.
    fn read(&self, lease: &mut ReadLease<'_>, polled: bool) -> bool {
        let Some(frames) = &mut lease.frames else {
            return false;
        };
        match self.step(frames, polled) {
            Ok(handled) => handled,
            // Dropped before the state changes: threads that find the end find a closed link, too.
            Err(reason) => {
                lease.frames = None;
                self.finish(reason);
                false
            }
        }
    }

    fn step(
        &self,
        frames: &mut FrameReader<Reader>,
        polled: bool,
    ) -> Result<bool, DisconnectReason> {
        let credit = self.inner.config.credit.is_some();
        frames.link().polled = polled;
        let frame = frames.next_frame_if(|header| Ok(Message::admit(header, credit)?));
        let frame = match frame {
            // A thread that polls, and the frame has not arrived completely.
            Err(DisconnectReason::Read(ReadError::Link(error))) if error.is_not_ready() => {
                return Ok(false);
            }
            Err(reason) => match frames.skip_refused() {
                Some(header) => Err((header, reason)),
                None => return Err(reason),
            },
            Ok(frame) => Ok(frame.ok_or(DisconnectReason::EndOfStream)?),
        };
        let message = frame.map(Message::parse);
        let is_behind = {
            let mut state = self.inner.state.lock();
            match message {
                Ok(message) => state.handle(message?)?,
                Err((header, reason)) => state.refuse_unread(&header, reason)?,
            }
            state.frames = state.frames.wrapping_add(1);
            // Free again if the item was copied: for the next frame of this thread.
            frames.spare.put(state.session.spare.take());
            state.is_behind()
        };
        // Answers are not left to the thread's next write, which may come much later. A poll flushes at its end.
        if is_behind && !polled {
            self.flush();
        }
        Ok(true)
    }

    /// With too many bytes of unwritten answers, no frame is read: the answers to a peer that sends requests and does not
    /// read would pile up. Only answers count, because they are not answered themselves. Two ends that stopped reading
    /// until their other frames are written would wait for each other.
    ///
    /// Neither is a frame read if there is no memory for one more answer, until the link has taken the others.
    fn may_answer(&self) -> bool {
        let mut state = self.inner.state.lock();
        let queue = &mut state.write_queue;
        let has_room = queue.is_empty() || memory::reserve(queue, ANSWER).is_ok();
        has_room && state.answers <= self.inner.config.max_answers
    }
}

/// The right to read, with the reading half. Dropping it returns the half, also if code of the transport has panicked.
struct ReadLease<'a> {
    inner: &'a Inner,
    /// `None` once the link has ended.
    frames: Option<FrameReader<Reader>>,
}

impl<'a> ReadLease<'a> {
    /// `None` if another thread reads, or the link has ended.
    fn begin(inner: &'a Inner, state: &mut EndpointState) -> Option<Self> {
        let mut frames = state.input.take()?;
        // Returned with the reading half: a payload is handled before the next frame is read.
        frames.spare.put(state.session.spare.take());
        Some(Self {
            inner,
            frames: Some(frames),
        })
    }
}

impl Drop for ReadLease<'_> {
    fn drop(&mut self) {
        let mut frames = self.frames.take();
        let mut state = self.inner.state.lock();
        if let Some(frames) = &mut frames {
            state.session.spare.put(frames.spare.take());
        }
        state.input = frames;
        drop(state);
        self.inner.handled.notify_all();
    }
}
