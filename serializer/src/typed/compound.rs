//! Containers while they are written.

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::Error;
use super::ser::{Output, Serializer};
use super::wrapped::{Wrapped, Wrapper};
use crate::error::Segment;
use crate::{Encoder, Token, Tokens};

/// A list.
pub(super) struct Seq<'e, W: Write> {
    output: Output<'e, W>,
    /// The announced length; `None` if it is unknown.
    announced: Option<usize>,
    written: usize,
    /// The items of such a list, until they are counted.
    #[cfg(feature = "alloc")]
    held: Encoder<alloc::vec::Vec<u8>>,
}

impl<'e, W: Write> Seq<'e, W> {
    #[inline]
    pub(super) fn start(
        mut output: Output<'e, W>,
        announced: Option<usize>,
    ) -> Result<Self, Error> {
        output.enter()?;
        match announced {
            Some(len) => output.put(|encoder| encoder.list(len))?,
            #[cfg(feature = "alloc")]
            None => {}
            #[cfg(not(feature = "alloc"))]
            None => {
                return Err(Error::message(
                    "a list's length must be known before its items where there is no allocator",
                ));
            }
        }
        Ok(Self {
            #[cfg(feature = "alloc")]
            held: output.sibling(),
            output,
            announced,
            written: 0,
        })
    }

    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        let written = match self.announced {
            #[cfg(feature = "alloc")]
            None => list_item(&mut Output::new(&mut self.held, &mut None), index, item),
            _ => list_item(&mut self.output, index, item),
        };
        written.map_err(|error| error.within(Segment::Index(index)))?;
        self.written += 1;
        Ok(())
    }

    #[inline]
    fn finish(mut self) -> Result<(), Error> {
        self.output.leave();
        match self.announced {
            Some(announced) if announced != self.written => Err(Error::message(format_args!(
                "a sequence of {} items that announced {announced}",
                self.written
            ))),
            #[cfg(feature = "alloc")]
            None => {
                let items = self.held.into_inner();
                self.output.put(|encoder| encoder.list(self.written))?;
                self.output.put(|encoder| encoder.encoded(&items))
            }
            _ => Ok(()),
        }
    }
}

#[inline]
fn list_item<W: Write>(
    output: &mut Output<'_, W>,
    index: usize,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    output.put(|encoder| encoder.index(index))?;
    value(output, item)?;
    output.put(Encoder::set_item)
}

/// The containers whose number of items follows the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tuple,
    Set,
    FrozenSet,
    /// Two floats.
    Complex,
}

/// A tuple, set, frozenset or complex number, a tuple also in a variant.
pub(super) struct Group<'e, W: Write> {
    output: Output<'e, W>,
    kind: Kind,
    /// Whether the elements must be hashable.
    keys: bool,
    written: usize,
    variant: Option<&'static str>,
}

impl<'e, W: Write> Group<'e, W> {
    #[inline]
    pub(super) fn start(mut output: Output<'e, W>, kind: Kind, keys: bool) -> Result<Self, Error> {
        match kind {
            Kind::Complex => output.put(Encoder::complex_parts)?,
            _ => output.enter()?,
        }
        Ok(Self {
            output,
            kind,
            keys,
            written: 0,
            variant: None,
        })
    }

    pub(super) fn start_variant(
        output: Output<'e, W>,
        variant: &'static str,
    ) -> Result<Self, Error> {
        let tuple = Self::start(output, Kind::Tuple, false)?;
        Ok(Self {
            variant: Some(variant),
            ..tuple
        })
    }

    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        self.written += 1;
        let written = match self.kind {
            Kind::Complex => self.complex_part(item),
            _ => item.serialize(Serializer {
                output: self.output.reborrow(),
                key: self.keys,
            }),
        };
        written.map_err(|error| self.within_element(error, index))
    }

    #[cold]
    fn complex_part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        item.serialize(Wrapped {
            output: self.output.reborrow(),
            wrapper: Wrapper::ComplexPart,
            key: self.keys,
        })
    }

    #[cold]
    fn within_element(&self, error: Error, index: usize) -> Error {
        let error = error.within(Segment::Index(index));
        match self.variant {
            Some(variant) => error.within(Segment::Field(variant)),
            None => error,
        }
    }

    #[inline]
    fn finish(mut self) -> Result<(), Error> {
        if self.kind == Kind::Complex {
            return Ok(());
        }
        self.output.leave();
        let len = self.written;
        self.output.put(|encoder| match self.kind {
            Kind::Set => encoder.set(len),
            Kind::FrozenSet => encoder.frozenset(len),
            _ => encoder.tuple(len),
        })?;
        if self.variant.is_some() {
            self.output.leave();
            self.output.put(Encoder::set_item)?;
        }
        Ok(())
    }
}

/// A dict: of a map or a struct, alone or in a variant.
pub(super) struct Map<'e, W: Write> {
    output: Output<'e, W>,
    written: usize,
    within: Within,
}

/// What a map is written in, or as.
#[derive(Clone, Copy)]
enum Within {
    Nothing,
    Variant(&'static str),
    /// The content of its single pair, written as this instead of a dict.
    Wrapper(Wrapper),
}

impl<'e, W: Write> Map<'e, W> {
    #[inline]
    pub(super) fn start(
        mut output: Output<'e, W>,
        variant: Option<&'static str>,
    ) -> Result<Self, Error> {
        output.enter()?;
        output.put(Encoder::dict)?;
        Ok(Self {
            output,
            written: 0,
            within: variant.map_or(Within::Nothing, Within::Variant),
        })
    }

    /// A map of one pair that represents a scalar.
    pub(super) const fn content(output: Output<'e, W>, wrapper: Wrapper) -> Self {
        Self {
            output,
            written: 0,
            within: Within::Wrapper(wrapper),
        }
    }

    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, name: &'static str, item: &T) -> Result<(), Error> {
        if let Within::Wrapper(wrapper) = self.within {
            return self.scalar(wrapper, item);
        }
        self.output.put(|encoder| encoder.str(name))?;
        value(&mut self.output, item).map_err(|error| {
            let error = error.within(Segment::Field(name));
            match self.within {
                Within::Variant(variant) => error.within(Segment::Field(variant)),
                _ => error,
            }
        })?;
        self.output.put(Encoder::set_item)
    }

    #[cold]
    fn scalar<T: Serialize + ?Sized>(&mut self, wrapper: Wrapper, item: &T) -> Result<(), Error> {
        item.serialize(Wrapped {
            output: self.output.reborrow(),
            wrapper,
            key: false,
        })
    }

    #[inline]
    fn finish(mut self) -> Result<(), Error> {
        match self.within {
            Within::Nothing => self.output.leave(),
            Within::Variant(_) => {
                self.output.leave();
                self.output.leave();
                self.output.put(Encoder::set_item)?;
            }
            Within::Wrapper(_) => {}
        }
        Ok(())
    }
}

impl<W: Write> ser::SerializeMap for Map<'_, W> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        if let Within::Wrapper(_) = self.within {
            return Ok(());
        }
        let pair = self.written;
        self.written += 1;
        key(&mut self.output, item).map_err(|error| error.within(Segment::Pair(pair)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        if let Within::Wrapper(wrapper) = self.within {
            return self.scalar(wrapper, item);
        }
        let pair = self.written.saturating_sub(1);
        value(&mut self.output, item).map_err(|error| error.within(Segment::Pair(pair)))?;
        self.output.put(Encoder::set_item)
    }

    #[inline]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        name: &K,
        item: &V,
    ) -> Result<(), Error> {
        if let Within::Wrapper(wrapper) = self.within {
            return self.scalar(wrapper, item);
        }
        self.written += 1;
        key(&mut self.output, name).map_err(|error| under_key(error, name))?;
        value(&mut self.output, item).map_err(|error| under_key(error, name))?;
        self.output.put(Encoder::set_item)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

/// Serde's traits that write one part after another.
macro_rules! written_in_parts {
    ($($trait:ident for $type:ident: $method:ident($($name:ident: $text:ty)?);)*) => {$(
        impl<W: Write> ser::$trait for $type<'_, W> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $text,)?
                item: &T,
            ) -> Result<(), Error> {
                self.part($($name,)? item)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

written_in_parts! {
    SerializeSeq for Seq: serialize_element();
    SerializeSeq for Group: serialize_element();
    SerializeTuple for Group: serialize_element();
    SerializeTupleStruct for Group: serialize_field();
    SerializeTupleVariant for Group: serialize_field();
    SerializeStruct for Map: serialize_field(name: &'static str);
    SerializeStructVariant for Map: serialize_field(name: &'static str);
}

#[inline]
fn value<W: Write>(
    output: &mut Output<'_, W>,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    item.serialize(Serializer {
        output: output.reborrow(),
        key: false,
    })
}

#[inline]
fn key<W: Write>(
    output: &mut Output<'_, W>,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    item.serialize(Serializer {
        output: output.reborrow(),
        key: true,
    })
}

/// Adds the key to the path of the error. The key is written once more to print
/// it.
#[cold]
fn under_key(error: Error, key: &(impl Serialize + ?Sized)) -> Error {
    // A longer key is not shown.
    let mut bytes = [0; 128];
    let mut encoder = Encoder::new(&mut bytes[..]);
    let mut failed = None;
    let written = key.serialize(Serializer {
        output: Output::new(&mut encoder, &mut failed),
        key: false,
    });
    let token = written.ok().and_then(|()| Tokens::new(&bytes).next());
    error.within(match token {
        Some(Ok(Token::Py3String(bytes))) => {
            core::str::from_utf8(bytes).map_or(Segment::Other, Segment::Key)
        }
        Some(Ok(Token::Int(value))) => Segment::Number(i64::from(value)),
        _ => Segment::Other,
    })
}
