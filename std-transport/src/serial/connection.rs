//! The beginning of a connection on a serial line.

use core::time::Duration;

use execnet_core_sync::serial::{Decoder, Event, Mark, encode_mark};

use crate::bootstrap::{Duplex, HandshakeError};
use crate::deadline::Deadline;

/// How long to wait for an answer before the connection is begun again: a device that is starting loses bytes.
const RETRY: Duration = Duration::from_millis(250);

/// Number of bytes in front of the answer that are kept for an error.
const NOISE: usize = 1024;

/// A connection that the device has accepted.
pub(super) struct Begun {
    pub(super) number: u32,
    pub(super) decoder: Decoder,
    /// The bytes behind the answer, not decoded.
    pub(super) rest: Vec<u8>,
}

/// Begins a connection, again and again until the device accepts it. Everything before that is dropped; an error has the
/// beginning of it.
pub(super) fn begin(
    duplex: &mut dyn Duplex,
    deadline: Deadline,
) -> Result<Begun, (HandshakeError, Vec<u8>)> {
    let mut attempt = Beginning {
        number: number(),
        decoder: Decoder::new(),
        noise: Vec::new(),
    };
    let begun = attempt.run(duplex, deadline);
    match begun {
        Ok(rest) => Ok(Begun {
            number: attempt.number,
            decoder: attempt.decoder,
            rest,
        }),
        Err(error) => Err((error, attempt.noise)),
    }
}

/// Different from the numbers of earlier connections on the line, and not 0.
fn number() -> u32 {
    let mut bytes = [0; 4];
    // A system without random numbers has started just now. The device then takes a new connection for the old one if
    // that has ended in the same way, which it has.
    let _ = getrandom::fill(&mut bytes);
    u32::from_ne_bytes(bytes).max(1)
}

struct Beginning {
    number: u32,
    decoder: Decoder,
    noise: Vec<u8>,
}

impl Beginning {
    fn run(
        &mut self,
        duplex: &mut dyn Duplex,
        deadline: Deadline,
    ) -> Result<Vec<u8>, HandshakeError> {
        let mark = encode_mark(Mark::Begin(self.number));
        let mut unsent = mark.to_vec();
        let mut retry = Deadline::after(RETRY);
        let mut buffer = [0; 512];
        loop {
            if deadline.left().is_zero() {
                return Err(HandshakeError::Deadline(deadline.timeout()));
            }
            // Not before the last one was sent: a line that takes nothing gets no more.
            if retry.left().is_zero() && unsent.is_empty() {
                unsent = mark.to_vec();
                retry = Deadline::after(RETRY);
            }
            let timeout = match unsent.is_empty() {
                true => deadline.left().min(retry.left()),
                false => deadline.left(),
            };
            let progress = duplex.transfer(&unsent, &mut buffer, timeout);
            let progress = progress.map_err(HandshakeError::Io)?;
            unsent.drain(..progress.sent.min(unsent.len()));
            match progress.received {
                None => {}
                Some(0) => return Err(HandshakeError::End),
                Some(size) => {
                    let received = buffer.get(..size).unwrap_or_default();
                    if let Some(rest) = self.find(received) {
                        return Ok(rest.to_vec());
                    }
                }
            }
        }
    }

    /// The bytes behind the answer, if it is among these.
    fn find<'b>(&mut self, mut received: &'b [u8]) -> Option<&'b [u8]> {
        let mut output = [0; 64];
        while !received.is_empty() {
            let decoded = self.decoder.decode(received, &mut output);
            received = received.get(decoded.read..).unwrap_or_default();
            if decoded.event == Some(Event::Mark(Mark::Accept(self.number))) {
                return Some(received);
            }
            let room = NOISE.saturating_sub(self.noise.len());
            let noise = output.get(..decoded.written.min(room));
            self.noise.extend_from_slice(noise.unwrap_or_default());
        }
        None
    }
}
