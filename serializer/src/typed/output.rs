//! Where serializers write: an encoder, and a place for the error of its sink.

use embedded_io::Write;

use super::Error;
use crate::{EncodeError, Encoder, Limits};

/// The destination of a serializer: an encoder, and the error of its sink,
/// which serde's error type cannot hold.
pub(super) struct Output<'e, W: Write> {
    encoder: &'e mut Encoder<W>,
    failed: &'e mut Option<W::Error>,
}

impl<'e, W: Write> Output<'e, W> {
    pub(super) const fn new(encoder: &'e mut Encoder<W>, failed: &'e mut Option<W::Error>) -> Self {
        Self { encoder, failed }
    }

    pub(super) const fn reborrow(&mut self) -> Output<'_, W> {
        Output {
            encoder: self.encoder,
            failed: self.failed,
        }
    }

    /// One call of the encoder.
    #[inline]
    pub(super) fn put(
        &mut self,
        write: impl FnOnce(&mut Encoder<W>) -> Result<(), EncodeError<W::Error>>,
    ) -> Result<(), Error> {
        match write(self.encoder) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.keep(error)),
        }
    }

    #[cold]
    fn keep(&mut self, error: EncodeError<W::Error>) -> Error {
        match error {
            EncodeError::Value(error) => error.into(),
            EncodeError::Io(error) => {
                *self.failed = Some(error);
                Error::sink()
            }
        }
    }

    /// An encoder at the same depth, for opcodes that this one writes later.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) const fn sibling(&self) -> Encoder<alloc::vec::Vec<u8>> {
        self.encoder.sibling()
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        let entered = self.encoder.enter(Limits::TYPED_DEPTH);
        entered.map_err(Error::from)
    }

    #[inline]
    pub(super) const fn leave(&mut self) {
        self.encoder.leave();
    }
}
