//! What [`load`](crate::load), [`dump`](crate::dump) and their like read from and
//! write to.

use embedded_io::{Read, Write};

/// A reader that [`load`](crate::load), [`from_reader`](crate::from_reader) and
/// streams take: any `std::io::Read` with the feature `std`, and any
/// [`embedded_io::Read`] as [`Embedded`].
///
/// One type may have both traits, a slice for one. So which of them is meant is
/// said by the wrapper, and a program means the same with any set of features.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reader",
    note = "a reader is a `std::io::Read` (feature `std`), or an `embedded_io::Read` in `Embedded`"
)]
pub trait IntoReader {
    /// What the reader fails with.
    type Error: embedded_io::Error;
    /// The reader as this crate uses it.
    type Reader: Read<Error = Self::Error>;

    /// Makes the reader.
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
    /// What the writer fails with.
    type Error: embedded_io::Error;
    /// The writer as this crate uses it.
    type Writer: Write<Error = Self::Error>;

    /// Makes the writer.
    fn into_writer(self) -> Self::Writer;
}

/// A reader or writer of [`embedded_io`], where one of `std` could be as well.
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
