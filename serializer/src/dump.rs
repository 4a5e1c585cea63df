//! The trait [`Dump`], by which types write themselves as opcodes, for the types of Rust.

use embedded_io::Write;

#[cfg(feature = "alloc")]
use crate::error::{DumpError, Refusal};
use crate::{ChannelId, Complex, EncodeError, Encoder};

/// A value that can be written in the format.
///
/// Rust's types map to Python's types: integers to `int`, `f64` to `float`,
/// `str` to `str`, `[u8]` inside [`Bytes`] to `bytes`, slices, arrays and `Vec`
/// to `list`, tuples to `tuple`, maps to `dict`, `HashSet` and `BTreeSet` to
/// `set`, `()` and an absent `Option` to `None`. References, `Box`, `Rc`, `Arc`
/// and `Cow` are written as the value inside.
///
/// ```
/// use execnet_serializer::{Bytes, DumpOptions};
/// assert_eq!(DumpOptions::wire().dumps(&(1, Bytes(b"x")))?, b"F\0\0\0\x01A\0\0\0\x01x@\0\0\0\x02Q");
/// # Ok::<(), execnet_serializer::DumpError>(())
/// ```
pub trait Dump {
    /// Writes the opcodes of this value, without version byte and STOP.
    ///
    /// # Errors
    /// When the value cannot be represented in the format, or the sink fails.
    /// Bytes that were already written stay in the sink.
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>>;

    /// Whether the written value is hashable in Python, as dict keys and set
    /// elements must be: it contains no list, dict or set. The default is
    /// false.
    fn is_hashable(&self) -> bool {
        false
    }
}

/// Marks a slice or vector as `bytes`; without it, it is a list of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bytes<B>(pub B);

impl<B: AsRef<[u8]>> Dump for Bytes<B> {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(self.0.as_ref())
    }

    fn is_hashable(&self) -> bool {
        true
    }
}

/// `Dump` for pointer types, which write the value they point to.
macro_rules! dump_pointers {
    ($([$($bound:tt)*] $type:ty;)*) => {$(
        impl<T: Dump + ?Sized $($bound)*> Dump for $type {
            fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                (**self).dump(encoder)
            }

            fn is_hashable(&self) -> bool {
                (**self).is_hashable()
            }
        }
    )*};
}

dump_pointers! {
    [] &T;
    [] &mut T;
}

impl<T: Dump> Dump for Option<T> {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Some(value) => value.dump(encoder),
            None => encoder.none(),
        }
    }

    fn is_hashable(&self) -> bool {
        self.as_ref().is_none_or(T::is_hashable)
    }
}

/// `Dump` for types whose values are hashable, by one expression. Other modules
/// use it for their own types.
macro_rules! dump_scalars {
    ($($type:ty => |$encoder:ident, $value:ident| $write:expr;)*) => {$(
        impl $crate::Dump for $type {
            #[inline]
            fn dump<W: embedded_io::Write>(
                &self,
                $encoder: &mut $crate::Encoder<W>,
            ) -> Result<(), $crate::EncodeError<W::Error>> {
                let $value = self;
                $write
            }

            #[inline]
            fn is_hashable(&self) -> bool {
                true
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
    isize => |encoder, value| encoder.int(*value as i64);
    i128 => |encoder, value| encoder.i128(*value);
    u8 => |encoder, value| encoder.int(i64::from(*value));
    u16 => |encoder, value| encoder.int(i64::from(*value));
    u32 => |encoder, value| encoder.int(i64::from(*value));
    u64 => |encoder, value| encoder.u64(*value);
    usize => |encoder, value| encoder.u64(*value as u64);
    u128 => |encoder, value| encoder.u128(*value);
    f32 => |encoder, value| encoder.float(f64::from(*value));
    f64 => |encoder, value| encoder.float(*value);
    char => |encoder, value| encoder.str(value.encode_utf8(&mut [0; 4]));
    str => |encoder, value| encoder.str(value);
    Complex => |encoder, value| encoder.complex(*value);
    ChannelId => |encoder, value| encoder.channel(*value);
}

/// `Dump` for containers, by the function that writes one of their kind.
macro_rules! dump_containers {
    ($($write:ident: [$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Dump for $type {
            fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                $write(self, encoder)
            }
        }
    )*};
}

dump_containers! {
    list: [T: Dump] [T];
    list: [T: Dump, const N: usize] [T; N];
}

fn list<'a, T: Dump + 'a, W: Write>(
    items: impl IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
    encoder: &mut Encoder<W>,
) -> Result<(), EncodeError<W::Error>> {
    let items = items.into_iter();
    encoder.list(items.len())?;
    encoder.nested(|encoder| {
        for (index, item) in items.enumerate() {
            encoder.index(index)?;
            item.dump(encoder)?;
            encoder.set_item()?;
        }
        Ok(())
    })
}

#[cfg(feature = "alloc")]
pub(crate) use owned::{key, keys};

#[cfg(feature = "alloc")]
mod owned {
    use alloc::borrow::{Cow, ToOwned};
    use alloc::boxed::Box;
    use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
    use alloc::rc::Rc;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Dump, DumpError, EncodeError, Encoder, Refusal, Write, list};

    dump_scalars! {
        String => |encoder, value| encoder.str(value);
    }

    dump_pointers! {
        [] Box<T>;
        [] Rc<T>;
        [+ ToOwned] Cow<'_, T>;
    }

    // Not every microcontroller can count references from several threads.
    #[cfg(target_has_atomic = "ptr")]
    dump_pointers! {
        [] alloc::sync::Arc<T>;
    }

    dump_containers! {
        list: [T: Dump] Vec<T>;
        list: [T: Dump] VecDeque<T>;
        dict: [K: Dump, V: Dump] BTreeMap<K, V>;
        set: [T: Dump] BTreeSet<T>;
    }

    #[cfg(feature = "std")]
    dump_containers! {
        dict: [K: Dump, V: Dump, S] std::collections::HashMap<K, V, S>;
        set: [T: Dump, S] std::collections::HashSet<T, S>;
    }

    fn dict<'a, K: Dump + 'a, V: Dump + 'a, W: Write>(
        pairs: impl IntoIterator<Item = (&'a K, &'a V)>,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.dict()?;
        encoder.nested(|encoder| {
            for (name, value) in pairs {
                key(name, encoder)?;
                value.dump(encoder)?;
                encoder.set_item()?;
            }
            Ok(())
        })
    }

    fn set<'a, T: Dump + 'a, W: Write>(
        elements: impl IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        let elements = elements.into_iter();
        let len = elements.len();
        keys(elements, encoder)?;
        encoder.set(len)
    }

    /// The elements of a set or frozenset; the opcode that makes it follows.
    pub(crate) fn keys<'a, T: Dump + 'a, W: Write>(
        elements: impl IntoIterator<Item = &'a T>,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.nested(|encoder| {
            elements
                .into_iter()
                .try_for_each(|element| key(element, encoder))
        })
    }

    /// Checked here because a peer raises on an unhashable key, and Python's
    /// execnet then ends its gateway.
    #[inline]
    pub(crate) fn key<W: Write>(
        key: &impl Dump,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        if !key.is_hashable() {
            return Err(DumpError::new(Refusal::Unhashable).into());
        }
        key.dump(encoder)
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

            fn is_hashable(&self) -> bool {
                let ($($item,)+) = self;
                true $(&& $item.is_hashable())+
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
    9 => A B C D E F G H I;
    10 => A B C D E F G H I J;
    11 => A B C D E F G H I J K;
    12 => A B C D E F G H I J K L;
}
