//! Values from a reader against values from a slice.

use embedded_io::{ErrorType, Read};
use execnet_serializer::{Embedded, LoadOptions};

use super::STRINGS;

/// A stream gives the values that the bytes hold one behind another, reads nothing beyond one, and
/// ends where the bytes do.
pub fn stream_vs_value(input: &[u8]) {
    for strings in STRINGS {
        let options = LoadOptions::wire().with_strings(strings);
        let mut rest = input;
        let mut reader = Dribble(input);
        while !rest.is_empty() {
            let whole = options.load_prefix(rest).ok();
            let read = options.load(Embedded(&mut reader)).ok();
            let (value, used) = whole.unzip();
            assert_eq!(read, value, "with {strings:?}");
            let Some(used) = used else {
                return;
            };
            rest = &rest[used..];
            assert_eq!(reader.0, rest, "the stream did not stop behind the value");
        }
    }
}

/// Gives at most three bytes at a time.
struct Dribble<'a>(&'a [u8]);

impl ErrorType for Dribble<'_> {
    type Error = core::convert::Infallible;
}

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        let len = buffer.len().min(3);
        self.0.read(&mut buffer[..len])
    }
}
