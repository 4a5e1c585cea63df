//! The two halves of a link, whatever their type, and the bytes that the link has not taken yet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};

use crate::link_error::LinkError;
use crate::memory;

/// The reading half of a link.
pub(super) struct Reader {
    half: Box<dyn ReadHalf>,
    /// Reading fails instead of waiting, with an error for which [`LinkError::is_not_ready`] is true.
    pub(super) polled: bool,
    /// Called until the half is ready, instead of a read that waits.
    relax: Option<fn()>,
}

trait ReadHalf: Send {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, LinkError>;

    /// Whether a read would not wait. False if the link does not report readiness.
    fn is_ready(&mut self) -> Result<bool, LinkError>;
}

trait WriteHalf: Send {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError>;

    fn flush(&mut self) -> Result<(), LinkError>;

    /// Whether one write would not wait. False if the link does not report readiness.
    fn is_ready(&mut self) -> Result<bool, LinkError>;
}

/// A half of a link, with the way to find out whether it is ready.
struct Half<T> {
    half: T,
    is_ready: fn(&mut T) -> Result<bool, LinkError>,
}

fn of<E: embedded_io::Error>(error: E) -> LinkError {
    LinkError::of(&error)
}

impl<T: Read + Send> ReadHalf for Half<T> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, LinkError> {
        self.half.read(room).map_err(of)
    }

    fn is_ready(&mut self) -> Result<bool, LinkError> {
        (self.is_ready)(&mut self.half)
    }
}

impl<T: Write + Send> WriteHalf for Half<T> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.half.write(bytes).map_err(of)
    }

    fn flush(&mut self) -> Result<(), LinkError> {
        self.half.flush().map_err(of)
    }

    fn is_ready(&mut self) -> Result<bool, LinkError> {
        (self.is_ready)(&mut self.half)
    }
}

impl Reader {
    pub(super) fn blocking(reader: impl Read + Send + 'static) -> Self {
        let half = Half {
            half: reader,
            is_ready: |_| Ok(false),
        };
        Self::of(half, None)
    }

    pub(super) fn pollable(
        reader: impl Read + ReadReady + Send + 'static,
        relax: Option<fn()>,
    ) -> Self {
        let half = Half {
            half: reader,
            is_ready: |half| half.read_ready().map_err(of),
        };
        Self::of(half, relax)
    }

    fn of(half: impl ReadHalf + 'static, relax: Option<fn()>) -> Self {
        Self {
            half: Box::new(half),
            polled: false,
            relax,
        }
    }
}

impl ErrorType for Reader {
    type Error = LinkError;
}

impl Read for Reader {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, LinkError> {
        if self.polled {
            if !self.half.is_ready()? {
                return Err(LinkError::not_ready());
            }
        } else if let Some(relax) = self.relax {
            while !self.half.is_ready()? {
                relax();
            }
        }
        self.half.read(room)
    }
}

/// The writing half of a link, and the bytes that it has not taken yet.
pub(super) struct Writer {
    half: Box<dyn WriteHalf>,
    // Rest of a frame that was written in part: no other frame may be written before it.
    /// Complete frames, except for the first `written` bytes, which the link has taken.
    unsent: Vec<u8>,
    written: usize,
    /// Called until the half is ready, instead of a write that waits.
    relax: Option<fn()>,
}

impl Writer {
    pub(super) fn blocking(writer: impl Write + Send + 'static) -> Self {
        let half = Half {
            half: writer,
            is_ready: |_| Ok(false),
        };
        Self::of(half, None)
    }

    pub(super) fn pollable(
        writer: impl Write + WriteReady + Send + 'static,
        relax: Option<fn()>,
    ) -> Self {
        let half = Half {
            half: writer,
            is_ready: |half| half.write_ready().map_err(of),
        };
        Self::of(half, relax)
    }

    fn of(half: impl WriteHalf + 'static, relax: Option<fn()>) -> Self {
        Self {
            half: Box::new(half),
            unsent: Vec::new(),
            written: 0,
            relax,
        }
    }

    /// Writes the unsent bytes, then `queued`, then `frame`, and flushes. Waits for the link.
    pub(super) fn write(&mut self, queued: &[u8], frame: &[u8]) -> Result<(), LinkError> {
        // The common case, without a copy of the frame.
        if self.is_drained() && queued.is_empty() {
            self.write_all(frame)?;
            return self.half.flush();
        }
        // One write for all of them, if there is memory for that.
        let joined = memory::reserve(&mut self.unsent, queued.len() + frame.len()).is_ok();
        let (queued, frame) = match joined {
            true => {
                self.unsent.extend_from_slice(queued);
                self.unsent.extend_from_slice(frame);
                (&[][..], &[][..])
            }
            false => (queued, frame),
        };
        let mut unsent = core::mem::take(&mut self.unsent);
        self.write_all(unsent.get(self.written..).unwrap_or_default())?;
        self.written = 0;
        self.write_all(queued)?;
        self.write_all(frame)?;
        // Cleared and kept: its memory is used again.
        unsent.clear();
        self.unsent = unsent;
        self.half.flush()
    }

    /// Makes room for bytes that [`write_ready`](Self::write_ready) gets next. Returns false if there is no memory for them.
    pub(super) fn make_room(&mut self, bytes: usize) -> bool {
        self.unsent.is_empty() || memory::reserve(&mut self.unsent, bytes).is_ok()
    }

    /// Writes as many of the unsent bytes, and of `queued`, as the link takes without waiting. Returns whether it took any.
    pub(super) fn write_ready(&mut self, queued: Vec<u8>) -> Result<bool, LinkError> {
        match self.unsent.is_empty() {
            true => self.unsent = queued,
            false => self.unsent.extend_from_slice(&queued),
        }
        let before = self.written;
        while !self.is_drained() && self.half.is_ready()? {
            let rest = self.unsent.get(self.written..).unwrap_or_default();
            self.written += write_some(&mut *self.half, rest)?;
        }
        let took = self.written > before;
        if took && self.is_drained() {
            self.half.flush()?;
        }
        self.forget_written();
        Ok(took)
    }

    /// Removes the written bytes.
    fn forget_written(&mut self) {
        // Only when they are half of the buffer: removing them at each write would move the rest each time. Removing
        // them only from a drained buffer would let it grow for ever on a link that is never quite drained.
        if self.written >= self.unsent.len() / 2 {
            self.unsent.drain(..self.written.min(self.unsent.len()));
            self.written = 0;
        }
    }

    fn is_drained(&self) -> bool {
        self.written >= self.unsent.len()
    }

    /// Number of bytes that the link has not taken yet.
    pub(super) fn backlog(&self) -> usize {
        self.unsent.len().saturating_sub(self.written)
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), LinkError> {
        while !bytes.is_empty() {
            if let Some(relax) = self.relax {
                while !self.half.is_ready()? {
                    relax();
                }
            }
            let written = write_some(&mut *self.half, bytes)?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}

/// Writes once, and again if that was interrupted. `bytes` must not be empty.
fn write_some(half: &mut dyn WriteHalf, bytes: &[u8]) -> Result<usize, LinkError> {
    loop {
        match half.write(bytes) {
            Ok(0) => return Err(LinkError::of(&ErrorKind::WriteZero)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done.map(|written| written.min(bytes.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::convert::Infallible;

    use super::*;

    /// Takes one byte each time it is ready, and is ready every other time; or takes all bytes.
    #[derive(Default)]
    struct Slow {
        questions: usize,
        takes_all: bool,
    }

    impl ErrorType for Slow {
        type Error = Infallible;
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            Ok(if self.takes_all {
                bytes.len()
            } else {
                bytes.len().min(1)
            })
        }

        fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    impl WriteReady for Slow {
        fn write_ready(&mut self) -> Result<bool, Infallible> {
            self.questions += 1;
            Ok(self.takes_all || self.questions % 2 == 1)
        }
    }

    #[test]
    fn a_link_that_is_never_drained_keeps_only_unwritten_bytes() {
        let mut writer = Writer::pollable(Slow::default(), None);
        assert!(writer.write_ready(vec![0; 100]).unwrap());
        for _ in 0..10_000 {
            assert!(writer.write_ready(vec![0]).unwrap());
            assert_eq!(writer.backlog(), 99);
            assert!(writer.unsent.len() <= 200, "{}", writer.unsent.len());
        }
    }

    #[test]
    fn a_link_that_is_drained_each_time_keeps_no_bytes() {
        let takes_all = true;
        let slow = Slow {
            questions: 0,
            takes_all,
        };
        let mut writer = Writer::pollable(slow, None);
        for _ in 0..10 {
            assert!(writer.write_ready(vec![0; 100]).unwrap());
            assert_eq!((writer.backlog(), writer.unsent.len()), (0, 0));
        }
    }
}
