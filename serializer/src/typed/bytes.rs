//! [`Bytes`] as a type of serde: bytes, where a plain slice is a list of numbers.

use core::fmt;
use core::marker::PhantomData;

use serde_core::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde_core::ser::{Serialize, Serializer};

use crate::Bytes;

impl<B: AsRef<[u8]>> Serialize for Bytes<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_ref())
    }
}

/// Borrowed from the input.
impl<'de: 'a, 'a> Deserialize<'de> for Bytes<&'a [u8]> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed;

        impl<'de> Visitor<'de> for Borrowed {
            type Value = Bytes<&'de [u8]>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("borrowed bytes")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_bytes(Borrowed)
    }
}

/// Kept; must have exactly `N` bytes.
impl<'de, const N: usize> Deserialize<'de> for Bytes<[u8; N]> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Kept(PhantomData))
    }
}

/// Types that hold bytes, copied or borrowed from the input.
trait Keep<'de>: Sized {
    /// The expected number of bytes, for error messages.
    const LEN: Option<usize>;

    /// `None` if the number of bytes is another.
    fn keep(bytes: &[u8]) -> Option<Self>;

    fn keep_borrowed(bytes: &'de [u8]) -> Option<Self> {
        Self::keep(bytes)
    }

    /// From numbers, as JSON has bytes.
    fn numbers<A: SeqAccess<'de>>(numbers: A) -> Result<Self, A::Error>;
}

impl<'de, const N: usize> Keep<'de> for [u8; N] {
    const LEN: Option<usize> = Some(N);

    fn keep(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }

    fn numbers<A: SeqAccess<'de>>(mut numbers: A) -> Result<Self, A::Error> {
        let mut all = [0; N];
        let invalid = |len| de::Error::invalid_length(len, &Kept::<Self>(PhantomData));
        for (index, byte) in all.iter_mut().enumerate() {
            *byte = numbers.next_element()?.ok_or_else(|| invalid(index))?;
        }
        match numbers.next_element::<de::IgnoredAny>()? {
            None => Ok(all),
            Some(_) => Err(invalid(N + 1)),
        }
    }
}

struct Kept<B>(PhantomData<B>);

impl<'de, B: Keep<'de>> Visitor<'de> for Kept<B> {
    type Value = Bytes<B>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match B::LEN {
            Some(len) => write!(f, "{len} bytes"),
            None => f.write_str("bytes"),
        }
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes<B>, E> {
        let kept = B::keep(bytes).map(Bytes);
        kept.ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }

    fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Bytes<B>, E> {
        let kept = B::keep_borrowed(bytes).map(Bytes);
        kept.ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, numbers: A) -> Result<Bytes<B>, A::Error> {
        B::numbers(numbers).map(Bytes)
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::borrow::Cow;
    use alloc::boxed::Box;
    use alloc::rc::Rc;
    use alloc::vec::Vec;

    use super::*;

    impl<'de> Keep<'de> for Cow<'de, [u8]> {
        const LEN: Option<usize> = None;

        fn keep(bytes: &[u8]) -> Option<Self> {
            Some(Cow::Owned(bytes.to_vec()))
        }

        fn keep_borrowed(bytes: &'de [u8]) -> Option<Self> {
            Some(Cow::Borrowed(bytes))
        }

        fn numbers<A: SeqAccess<'de>>(mut numbers: A) -> Result<Self, A::Error> {
            let mut all = Vec::new();
            while let Some(byte) = numbers.next_element()? {
                all.push(byte);
            }
            Ok(Cow::Owned(all))
        }
    }

    /// Borrowed if the bytes are in the input.
    impl<'de: 'a, 'a> Deserialize<'de> for Bytes<Cow<'a, [u8]>> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_bytes(Kept::<Cow<'de, [u8]>>(PhantomData))
        }
    }

    macro_rules! owned {
        ($($type:ty)*) => {$(
            impl<'de> Deserialize<'de> for Bytes<$type> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let kept = Kept::<Cow<'de, [u8]>>(PhantomData);
                    let bytes = deserializer.deserialize_byte_buf(kept)?;
                    Ok(Bytes(bytes.0.into_owned().into()))
                }
            }
        )*};
    }

    owned! { Vec<u8> Box<[u8]> Rc<[u8]> }
    #[cfg(target_has_atomic = "ptr")]
    owned! { alloc::sync::Arc<[u8]> }
}
