//! The two halves of a link over a serial line, at the device.

use alloc::sync::Arc;
use core::fmt;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};

use super::codec::{Decoded, Decoder, Event, Mark, encode, encode_mark, escaped};
use crate::sync::Mutex;

/// Bytes of the line that are read or written at once. A UART's hardware buffers 16 or so.
const CHUNK: usize = 64;

/// The line, and the connection on it.
#[derive(Debug)]
pub(super) struct Shared<R, W> {
    /// Held while a read waits: a connection has one reader.
    pub(super) input: Mutex<Input<R>>,
    output: Mutex<W>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the connection; `None` once it has ended.
    current: Option<u32>,
    /// A controller has begun this connection, and the listener has not returned it yet.
    begun: Option<u32>,
}

/// The incoming half of the line.
#[derive(Debug)]
pub(super) struct Input<R> {
    reader: R,
    decoder: Decoder,
    /// The bytes that were read and not decoded yet are `buffer[start..end]`.
    buffer: [u8; CHUNK],
    start: usize,
    end: usize,
}

impl<R: Read> Input<R> {
    /// Reads once. Everything that was read before must have been decoded.
    pub(super) fn fill(&mut self) -> Result<(), Error<R::Error>> {
        let read = self.reader.read(&mut self.buffer).map_err(Error::Line)?;
        (self.start, self.end) = (0, read.min(CHUNK));
        if read == 0 {
            return Err(Error::Ended);
        }
        Ok(())
    }

    pub(super) fn decode(&mut self, output: &mut [u8]) -> Decoded {
        let input = self.buffer.get(self.start..self.end).unwrap_or_default();
        let decoded = self.decoder.decode(input, output);
        self.start += decoded.read;
        decoded
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether [`fill`](Self::fill) would not wait.
    pub(super) fn is_ready(&mut self) -> Result<bool, Error<R::Error>>
    where
        R: ReadReady,
    {
        self.reader.read_ready().map_err(Error::Line)
    }
}

impl<R, W> Shared<R, W> {
    pub(super) fn new(reader: R, writer: W) -> Self {
        Self {
            input: Mutex::new(Input {
                reader,
                decoder: Decoder::new(),
                buffer: [0; CHUNK],
                start: 0,
                end: 0,
            }),
            output: Mutex::new(writer),
            state: Mutex::new(State::default()),
        }
    }

    /// The connection begins.
    pub(super) fn begin(&self, number: u32) {
        self.state.lock().current = Some(number);
    }

    /// Takes the number of a connection that a reader has found.
    pub(super) fn take_begun(&self) -> Option<u32> {
        self.state.lock().begun.take()
    }

    pub(super) fn end_all(&self) {
        self.state.lock().current = None;
    }

    fn is_current(&self, number: u32) -> bool {
        self.state.lock().current == Some(number)
    }

    /// Ends the connection. Returns whether it was the current one.
    fn end(&self, number: u32) -> bool {
        let mut state = self.state.lock();
        let is_current = state.current == Some(number);
        if is_current {
            state.current = None;
        }
        is_current
    }
}

impl<R, W: Write> Shared<R, W> {
    pub(super) fn send(&self, mark: Mark) -> Result<(), Error<W::Error>> {
        let mut output = self.output.lock();
        output.write_all(&encode_mark(mark)).map_err(Error::Line)?;
        output.flush().map_err(Error::Line)
    }
}

/// The reading half of a connection: the bytes of frames. It returns the end of the stream when the controller has ended
/// the connection, or has begun another one.
#[derive(Debug)]
pub struct Reader<R, W> {
    shared: Arc<Shared<R, W>>,
    number: u32,
    /// A decoded byte, for [`ReadReady`].
    ahead: Option<u8>,
}

impl<R: Read, W: Write> Reader<R, W> {
    pub(super) fn new(shared: Arc<Shared<R, W>>, number: u32) -> Self {
        Self {
            shared,
            number,
            ahead: None,
        }
    }

    /// Decodes bytes that were read from the line. Returns 0 if they hold no data.
    fn decode(&self, room: &mut [u8]) -> Result<usize, Error<R::Error>> {
        while self.shared.is_current(self.number) {
            let decoded = self.shared.input.lock().decode(room);
            if let Some(event) = decoded.event {
                self.handle(event)?;
            }
            // Data in front of the event is still of this connection.
            if decoded.written > 0 || decoded.event.is_none() {
                return Ok(decoded.written);
            }
        }
        Ok(0)
    }

    fn handle(&self, event: Event) -> Result<(), Error<R::Error>> {
        match event {
            // The controller has not got the answer yet: it sends no frame before that.
            Event::Mark(Mark::Begin(number)) if number == self.number => {
                self.shared.send(Mark::Accept(number)).map_err(Error::other)
            }
            Event::Mark(Mark::Begin(number)) => {
                let mut state = self.shared.state.lock();
                (state.current, state.begun) = (None, Some(number));
                Ok(())
            }
            Event::Mark(Mark::End(number)) if number == self.number => {
                self.shared.end(number);
                Ok(())
            }
            // Of an earlier connection.
            Event::Mark(_) => Ok(()),
            Event::Malformed => {
                self.end();
                Err(Error::Malformed)
            }
        }
    }

    /// Ends the connection, and reports that to the controller.
    fn end(&self) {
        if self.shared.end(self.number) {
            // An error means that the line is broken, which the next read or write reports.
            let _ = self.shared.send(Mark::End(self.number));
        }
    }
}

impl<R: Read, W> ErrorType for Reader<R, W> {
    type Error = Error<R::Error>;
}

impl<R: Read, W: Write> Read for Reader<R, W> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        let Some(first) = room.first_mut() else {
            return Ok(0);
        };
        if let Some(ahead) = self.ahead.take() {
            *first = ahead;
            return Ok(1);
        }
        loop {
            match self.decode(room)? {
                0 if self.shared.is_current(self.number) => self.shared.input.lock().fill()?,
                read => return Ok(read),
            }
        }
    }
}

/// Ready if there is data, not if there is only a part of a mark.
impl<R: Read + ReadReady, W: Write> ReadReady for Reader<R, W> {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        while self.ahead.is_none() && self.shared.is_current(self.number) {
            let mut ahead = [0];
            if self.decode(&mut ahead)? > 0 {
                self.ahead = Some(ahead[0]);
                break;
            }
            let mut input = self.shared.input.lock();
            if input.is_empty() {
                if !input.is_ready()? {
                    return Ok(false);
                }
                input.fill()?;
            }
        }
        // The end of the stream is read without waiting, too.
        Ok(true)
    }
}

/// The writing half of a connection. Dropping it ends the connection.
#[derive(Debug)]
pub struct Writer<R, W: Write> {
    shared: Arc<Shared<R, W>>,
    number: u32,
}

impl<R, W: Write> Writer<R, W> {
    pub(super) fn new(shared: Arc<Shared<R, W>>, number: u32) -> Self {
        Self { shared, number }
    }

    fn check_current(&self) -> Result<(), Error<W::Error>> {
        match self.shared.is_current(self.number) {
            true => Ok(()),
            false => Err(Error::Ended),
        }
    }
}

impl<R, W: Write> ErrorType for Writer<R, W> {
    type Error = Error<W::Error>;
}

impl<R, W: Write> Write for Writer<R, W> {
    /// One write of the line, and for an escaped byte whose second half that does not take, another one.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.check_current()?;
        let mut encoded = [0; CHUNK];
        let (_, encoded) = encode(bytes, &mut encoded);
        let mut output = self.shared.output.lock();
        let mut left = output.write(encoded).map_err(Error::Line)?;
        let mut taken = 0;
        for byte in bytes {
            if left == 0 {
                break;
            }
            let escaped = escaped(byte);
            if let Some(rest) = escaped.get(left..).filter(|rest| !rest.is_empty()) {
                output.write_all(rest).map_err(Error::Line)?;
            }
            left = left.saturating_sub(escaped.len());
            taken += 1;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.check_current()?;
        self.shared.output.lock().flush().map_err(Error::Line)
    }
}

impl<R, W: Write + WriteReady> WriteReady for Writer<R, W> {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        // Without a connection a write fails, and does not wait.
        if !self.shared.is_current(self.number) {
            return Ok(true);
        }
        self.shared.output.lock().write_ready().map_err(Error::Line)
    }
}

impl<R, W: Write> Drop for Writer<R, W> {
    fn drop(&mut self) {
        if self.shared.end(self.number) {
            // An error means that the line is broken, which the listener finds.
            let _ = self.shared.send(Mark::End(self.number));
        }
    }
}

/// A connection over a serial line failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The line failed.
    Line(E),
    /// The line failed in the other direction, with an error of this kind.
    Other(ErrorKind),
    /// The connection or the line has ended.
    Ended,
    /// Bytes arrived that are neither data nor a mark: some were lost or changed.
    Malformed,
}

impl<E> Error<E> {
    /// The same for the other direction, whose errors have another type.
    pub(super) fn other<F: embedded_io::Error>(error: Error<F>) -> Self {
        Self::Other(embedded_io::Error::kind(&error))
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(error) => error.fmt(f),
            Self::Other(kind) => write!(f, "the serial line failed: {kind}"),
            Self::Ended => f.write_str("the connection over the serial line has ended"),
            Self::Malformed => f.write_str("bytes on the serial line were lost or changed"),
        }
    }
}

/// It prints the text of the line's error, if there is one.
impl<E: core::error::Error> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Line(error) => error.source(),
            _ => None,
        }
    }
}

impl<E: embedded_io::Error> embedded_io::Error for Error<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Line(error) => error.kind(),
            Self::Other(kind) => *kind,
            Self::Ended => ErrorKind::NotConnected,
            Self::Malformed => ErrorKind::InvalidData,
        }
    }
}
