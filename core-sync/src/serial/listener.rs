//! The device's end of a serial line.

use alloc::sync::Arc;

use embedded_io::{Read, ReadReady, Write};

use super::halves::{Error, Input, Reader, Shared, Writer};

/// The device's end of a serial line: waits for a controller, and gives the halves of a link to it.
///
/// One connection exists at a time. When a controller begins another one, the halves of the earlier one end: its reader
/// returns the end of the stream, and its writer fails.
///
/// ```
/// # use embedded_io::{Read, Write};
/// use execnet_core_sync::endpoint::{Endpoint, EndpointConfig, Functions};
/// use execnet_core_sync::serial::Listener;
///
/// # fn example(
/// #     rx: impl Read + Send + 'static, tx: impl Write + Send + 'static, functions: &Functions,
/// # ) -> Result<(), Box<dyn core::error::Error>> {
/// let listener = Listener::new(rx, tx)?;
/// loop {
///     let (reader, writer) = listener.accept()?;
///     let endpoint = Endpoint::new(reader, writer, EndpointConfig::worker_within(16 << 10));
///     // The error of a broken connection. The next one is served all the same.
///     let _ = endpoint.serve(functions);
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Listener<R, W> {
    shared: Arc<Shared<R, W>>,
}

/// The two halves of a connection.
pub type Halves<R, W> = (Reader<R, W>, Writer<R, W>);

impl<R: Read, W: Write> Listener<R, W> {
    /// Takes the line, and reports on it that the device has restarted: a controller that had a connection ends it.
    ///
    /// # Errors
    ///
    /// The line cannot be written to.
    pub fn new(reader: R, writer: W) -> Result<Self, Error<W::Error>> {
        let shared = Arc::new(Shared::new(reader, writer));
        shared.send(super::Mark::End(0))?;
        Ok(Self { shared })
    }

    /// Waits until a controller begins a connection.
    ///
    /// # Errors
    ///
    /// The line cannot be read or written, or has ended. Noise is not an error.
    pub fn accept(&self) -> Result<Halves<R, W>, Error<R::Error>> {
        loop {
            if let Some(halves) = self.begun()? {
                return Ok(halves);
            }
            self.shared.input.lock().fill()?;
        }
    }

    /// Returns the halves if a controller has begun a connection; does not wait.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    pub fn try_accept(&self) -> Result<Option<Halves<R, W>>, Error<R::Error>>
    where
        R: ReadReady,
    {
        loop {
            let begun = self.begun()?;
            if begun.is_some() || !self.shared.input.lock().is_ready()? {
                return Ok(begun);
            }
            self.shared.input.lock().fill()?;
        }
    }

    /// The halves of the connection that has begun in the bytes that were read.
    fn begun(&self) -> Result<Option<Halves<R, W>>, Error<R::Error>> {
        let begun = match self.shared.take_begun() {
            // A reader has found the mark.
            Some(number) => Some(number),
            None => self.shared.input.lock().skip_to_begin(),
        };
        let Some(number) = begun else {
            return Ok(None);
        };
        self.shared.begin(number);
        // A controller that gets no answer asks again.
        self.shared
            .send(super::Mark::Accept(number))
            .map_err(Error::other)?;
        let reader = Reader::new(Arc::clone(&self.shared), number);
        let writer = Writer::new(Arc::clone(&self.shared), number);
        Ok(Some((reader, writer)))
    }
}

impl<R, W> Drop for Listener<R, W> {
    fn drop(&mut self) {
        // The halves end with it: no other code could begin the next connection.
        self.shared.end_all();
    }
}

impl<R: Read> Input<R> {
    /// Drops what was read up to the mark of a new connection.
    fn skip_to_begin(&mut self) -> Option<u32> {
        let mut dropped = [0; 16];
        loop {
            let decoded = self.decode(&mut dropped);
            if decoded.read == 0 {
                return None;
            }
            if let Some(super::Event::Mark(super::Mark::Begin(number))) = decoded.event {
                return Some(number);
            }
        }
    }
}
