//! The two halves of a link over a serial line, at the controller.

use std::io::{self, Read, Write};

use execnet_core_sync::serial::{Decoder, Event, Mark, encode, encode_mark};

use super::connection::Begun;

/// Bytes that are read or written at once.
const CHUNK: usize = 4096;

/// The halves of a connection that the device has accepted.
pub(super) fn halves<R: Read, W: Write>(
    begun: Begun,
    reader: R,
    writer: W,
) -> (Reader<R>, Writer<W>) {
    let number = begun.number;
    let reader = Reader {
        inner: reader,
        number,
        decoder: begun.decoder,
        end: begun.rest.len(),
        start: 0,
        buffer: begun.rest,
        last: None,
    };
    (
        reader,
        Writer {
            inner: writer,
            number,
        },
    )
}

/// The reading half: decodes frames, and ends at the mark of the device.
pub(super) struct Reader<R> {
    inner: R,
    number: u32,
    decoder: Decoder,
    /// The bytes that were read and not decoded yet are `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The event behind the data that was returned last.
    last: Option<Event>,
}

impl<R: Read> Reader<R> {
    /// Reads once. Returns false at the end of the line.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.resize(CHUNK, 0);
        let read = self.inner.read(&mut self.buffer)?;
        (self.start, self.end) = (0, read);
        Ok(read > 0)
    }

    /// Whether the connection goes on behind the event.
    fn check(&self, event: Option<Event>) -> io::Result<bool> {
        match event {
            Some(Event::Mark(Mark::End(0))) => {
                let problem = "the device has restarted";
                Err(io::Error::new(io::ErrorKind::ConnectionReset, problem))
            }
            Some(Event::Mark(Mark::End(number))) => Ok(number != self.number),
            Some(Event::Malformed) => {
                let problem = "bytes on the serial line were lost or changed";
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
            // Answers to marks that were sent more than once.
            Some(Event::Mark(_)) | None => Ok(true),
        }
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        loop {
            if room.is_empty() || !self.check(self.last)? {
                return Ok(0);
            }
            if self.start == self.end && !self.fill()? {
                return Ok(0);
            }
            let input = self.buffer.get(self.start..self.end).unwrap_or_default();
            let decoded = self.decoder.decode(input, room);
            self.start += decoded.read;
            // Looked at by the next round or call: the data comes first.
            self.last = decoded.event;
            if decoded.written > 0 {
                return Ok(decoded.written);
            }
        }
    }
}

/// The writing half: encodes frames. Dropping it ends the connection on the line.
pub(super) struct Writer<W: Write> {
    inner: W,
    number: u32,
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut encoded = [0; CHUNK];
        let (taken, encoded) = encode(bytes, &mut encoded);
        // All of it: the gateway counts bytes that are not encoded.
        self.inner.write_all(encoded)?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Drop for Writer<W> {
    fn drop(&mut self) {
        // The line itself has no end. An error means that it is gone.
        let _ = self.inner.write_all(&encode_mark(Mark::End(self.number)));
    }
}
