//! Links of all kinds as one type.

use alloc::boxed::Box;

use embedded_io::{ErrorKind, ErrorType, Read, Write};

use crate::link_error::LinkError;

pub(super) type Reader = Box<dyn Read<Error = LinkError> + Send>;
pub(super) type Writer = Box<dyn Write<Error = LinkError> + Send>;

pub(super) fn reader(reader: impl Read + Send + 'static) -> Reader {
    Box::new(Any(reader))
}

pub(super) fn writer(writer: impl Write + Send + 'static) -> Writer {
    Box::new(Any(writer))
}

/// A half of a link, with its error in our terms.
struct Any<T>(T);

impl<T> ErrorType for Any<T> {
    type Error = LinkError;
}

impl<T: Read> Read for Any<T> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, LinkError> {
        self.0.read(room).map_err(|error| LinkError::of(&error))
    }
}

impl<T: Write> Write for Any<T> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.0.write(bytes).map_err(|error| LinkError::of(&error))
    }

    fn flush(&mut self) -> Result<(), LinkError> {
        self.0.flush().map_err(|error| LinkError::of(&error))
    }
}

/// Writes and flushes whole frames.
pub(super) fn write_frame(writer: &mut Writer, mut bytes: &[u8]) -> Result<(), LinkError> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(LinkError::of(&ErrorKind::WriteZero)),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    writer.flush()
}
