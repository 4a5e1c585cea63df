//! Whole values into opcodes.

use embedded_io::Write;

use crate::{ChannelId, Complex, EncodeError, Encoder};

/// A value that knows how to write itself in the format.
///
/// Rust's types map to Python's as one expects: integers to `int`, `f64` to
/// `float`, `str` to `str`, `[u8]` inside [`Bytes`] to `bytes`, slices and
/// `Vec` to `list`, tuples to `tuple`, `()` and an absent `Option` to `None`.
///
/// ```
/// use execnet_serializer::{dumps_internal, Bytes};
/// assert_eq!(dumps_internal(&(1, Bytes(b"x")))?, b"F\0\0\0\x01A\0\0\0\x01x@\0\0\0\x02Q");
/// # Ok::<(), execnet_serializer::DumpError>(())
/// ```
pub trait Dump {
    /// Writes the opcodes of this value, neither version byte nor STOP.
    ///
    /// # Errors
    /// When the format cannot say the value, or the sink fails. What was
    /// already written stays in the sink.
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>>;
}

/// Bytes, where a slice by itself would be a list of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bytes<B>(pub B);

impl<B: AsRef<[u8]>> Dump for Bytes<B> {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(self.0.as_ref())
    }
}

impl<T: Dump + ?Sized> Dump for &T {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        (**self).dump(encoder)
    }
}

impl<T: Dump> Dump for Option<T> {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Some(value) => value.dump(encoder),
            None => encoder.none(),
        }
    }
}

impl<T: Dump> Dump for [T] {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        encoder.list(self.len())?;
        encoder.nested(|encoder| {
            for (index, item) in self.iter().enumerate() {
                encoder.index(index)?;
                item.dump(encoder)?;
                encoder.set_item()?;
            }
            Ok(())
        })
    }
}

impl<T: Dump, const N: usize> Dump for [T; N] {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        self.as_slice().dump(encoder)
    }
}

/// `Dump` by one call of the encoder.
macro_rules! dump_scalars {
    ($($type:ty => |$encoder:ident, $value:ident| $write:expr;)*) => {$(
        impl Dump for $type {
            #[inline]
            fn dump<W: Write>(&self, $encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                let $value = self;
                $write
            }
        }
    )*};
}

dump_scalars! {
    () => |encoder, _value| encoder.none();
    bool => |encoder, value| encoder.bool(*value);
    i8 => |encoder, value| encoder.int(i64::from(*value));
    i16 => |encoder, value| encoder.int(i64::from(*value));
    i32 => |encoder, value| encoder.int(i64::from(*value));
    i64 => |encoder, value| encoder.int(*value);
    i128 => |encoder, value| encoder.i128(*value);
    u8 => |encoder, value| encoder.int(i64::from(*value));
    u16 => |encoder, value| encoder.int(i64::from(*value));
    u32 => |encoder, value| encoder.int(i64::from(*value));
    u64 => |encoder, value| encoder.u64(*value);
    u128 => |encoder, value| encoder.u128(*value);
    f32 => |encoder, value| encoder.float(f64::from(*value));
    f64 => |encoder, value| encoder.float(*value);
    char => |encoder, value| encoder.str(value.encode_utf8(&mut [0; 4]));
    str => |encoder, value| encoder.str(value);
    Complex => |encoder, value| encoder.complex(*value);
    ChannelId => |encoder, value| encoder.channel(*value);
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::boxed::Box;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Dump, EncodeError, Encoder, Write};

    dump_scalars! {
        String => |encoder, value| encoder.str(value);
    }

    impl<T: Dump> Dump for Vec<T> {
        fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
            self.as_slice().dump(encoder)
        }
    }

    impl<T: Dump + ?Sized> Dump for Box<T> {
        fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
            (**self).dump(encoder)
        }
    }
}

/// `Dump` for Rust's tuples, as Python's.
macro_rules! dump_tuples {
    ($($len:literal => $($item:ident)+;)*) => {$(
        #[allow(non_snake_case)]
        impl<$($item: Dump),+> Dump for ($($item,)+) {
            fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                let ($($item,)+) = self;
                encoder.nested(|encoder| {
                    $($item.dump(encoder)?;)+
                    Ok(())
                })?;
                encoder.tuple($len)
            }
        }
    )*};
}

dump_tuples! {
    1 => A;
    2 => A B;
    3 => A B C;
    4 => A B C D;
    5 => A B C D E;
    6 => A B C D E F;
    7 => A B C D E F G;
    8 => A B C D E F G H;
}
