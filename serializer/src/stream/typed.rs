//! Reads values from readers as Rust types.

use embedded_io::Read;
use serde_core::de::DeserializeOwned;

use super::Stream;
use crate::LoadOptions;
use crate::error::StreamError;
use crate::io::IntoReader;
use crate::typed::Error;

/// Reads what `to_writer` or Python's `dump` wrote: [`LoadOptions::from_reader`]
/// with [`LoadOptions::new`].
///
/// ```
/// # #[cfg(feature = "std")] {
/// use execnet_serializer::{from_reader, to_writer};
///
/// let mut file = std::io::Cursor::new(Vec::new());
/// to_writer(&mut file, &("answer", 42))?;
/// file.set_position(0);
/// let (name, number): (String, u8) = from_reader(&mut file)?;
/// assert_eq!((name.as_str(), number), ("answer", 42));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`LoadOptions::from_reader`].
pub fn from_reader<R: IntoReader, T: DeserializeOwned>(
    reader: R,
) -> Result<T, StreamError<Error, R::Error>> {
    LoadOptions::new().from_reader(reader)
}

impl LoadOptions {
    /// Reads one value as a Rust type, and no byte beyond it.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format, exceed
    /// the limits or are not of this type.
    pub fn from_reader<R: IntoReader, T: DeserializeOwned>(
        &self,
        reader: R,
    ) -> Result<T, StreamError<Error, R::Error>> {
        let mut stream = self.stream(reader);
        stream.fetch().map_err(StreamError::Io)?;
        Ok(stream.typed()?)
    }
}

impl<R: Read> Stream<R> {
    /// The next value as a Rust type, or `None` at the end of the reader.
    ///
    /// A well-formed value of another type is an error and is skipped: the next
    /// call reads the one after it.
    ///
    /// # Errors
    /// When the reader fails, or the bytes are no value of the format or not
    /// of this type.
    pub fn next_as<T: DeserializeOwned>(
        &mut self,
    ) -> Result<Option<T>, StreamError<Error, R::Error>> {
        if !self.fetch().map_err(StreamError::Io)? {
            return Ok(None);
        }
        Ok(Some(self.typed()?))
    }

    fn typed<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        let value = self.options.from_slice(self.buffer.bytes());
        let value = value.map_err(|error: Error| error.offset_by(self.start));
        match value.as_ref().err().and_then(Error::as_load_error).cloned() {
            Some(error) => drop(self.fail(error)),
            None => self.advance(),
        }
        value
    }
}
