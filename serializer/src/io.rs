//! The readers and writers that [`load`](crate::load), [`dump`](crate::dump)
//! and similar functions accept.

use embedded_io::{Read, Write};

/// A reader that [`load`](crate::load), [`from_reader`](crate::from_reader) and
/// streams take: any `std::io::Read` with the feature `std`, and any
/// [`embedded_io::Read`] as [`Embedded`].
///
/// Some types implement both traits, such as slices. The wrapper selects the
/// trait of `embedded_io`, so that a program has one meaning with every set of
/// features.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reader",
    note = "a reader is a `std::io::Read` (feature `std`), or an `embedded_io::Read` in `Embedded`"
)]
pub trait IntoReader {
    /// The error of the reader.
    type Error: embedded_io::Error;
    /// The reader that this crate uses.
    type Reader: Read<Error = Self::Error>;

    /// Converts into the reader.
    fn into_reader(self) -> Self::Reader;
}

/// A writer that [`dump`](crate::dump) and [`to_writer`](crate::to_writer) take:
/// any `std::io::Write` with the feature `std`, and any [`embedded_io::Write`] as
/// [`Embedded`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a writer",
    note = "a writer is a `std::io::Write` (feature `std`), or an `embedded_io::Write` in `Embedded`"
)]
pub trait IntoWriter {
    /// The error of the writer.
    type Error: embedded_io::Error;
    /// The writer that this crate uses.
    type Writer: Write<Error = Self::Error>;

    /// Converts into the writer.
    fn into_writer(self) -> Self::Writer;
}

/// Wraps a reader or writer of [`embedded_io`], as opposed to one of `std`.
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use execnet_serializer::{Embedded, Value, load};
///
/// let mut uart: &[u8] = b"\x02F\0\0\0\x2aQ"; // Any `embedded_io::Read`.
/// assert_eq!(load(Embedded(&mut uart)).unwrap(), Value::from(42));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Embedded<T>(pub T);

impl<R: Read> IntoReader for Embedded<R> {
    type Error = R::Error;
    type Reader = R;

    fn into_reader(self) -> R {
        self.0
    }
}

impl<W: Write> IntoWriter for Embedded<W> {
    type Error = W::Error;
    type Writer = W;

    fn into_writer(self) -> W {
        self.0
    }
}

#[cfg(feature = "std")]
mod with_std {
    use std::io;

    use embedded_io_adapters::std::FromStd;

    use super::{IntoReader, IntoWriter};

    impl<R: io::Read> IntoReader for R {
        type Error = io::Error;
        type Reader = FromStd<R>;

        fn into_reader(self) -> FromStd<R> {
            FromStd::new(self)
        }
    }

    impl<W: io::Write> IntoWriter for W {
        type Error = io::Error;
        type Writer = FromStd<W>;

        fn into_writer(self) -> FromStd<W> {
            FromStd::new(self)
        }
    }
}
