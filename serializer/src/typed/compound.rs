//! Containers while they are written.

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::error::Error;
use super::path::Segment;
use super::ser::{Serializer, Target};
use super::wrapped::{Wrapped, Wrapper};
use crate::{Encoder, Tokens};

/// A list.
pub(super) struct Seq<'e, W: Write> {
    target: Target<'e, W>,
    /// What was announced; for a list of unknown length nothing.
    announced: Option<usize>,
    written: usize,
    /// The items of such a list, until they are counted.
    #[cfg(feature = "alloc")]
    held: Encoder<alloc::vec::Vec<u8>>,
}

impl<'e, W: Write> Seq<'e, W> {
    #[inline]
    pub(super) fn start(
        mut target: Target<'e, W>,
        announced: Option<usize>,
    ) -> Result<Self, Error> {
        target.enter()?;
        match announced {
            Some(len) => target.put(|encoder| encoder.list(len))?,
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
            held: target.beside(),
            target,
            announced,
            written: 0,
        })
    }

    #[inline]
    fn list_item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        self.target.put(|encoder| encoder.index(index))?;
        value(&mut self.target, item)?;
        self.target.put(Encoder::set_item)
    }

    /// Nothing is written before the length is known.
    #[cfg(feature = "alloc")]
    fn held_item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let mut never = None;
        let mut target = Target::new(&mut self.held, &mut never);
        let index = self.written;
        target.put(|encoder| encoder.index(index))?;
        value(&mut target, item)?;
        target.put(Encoder::set_item)
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        match self.announced {
            #[cfg(feature = "alloc")]
            None => self.held_item(item),
            _ => self.list_item(item),
        }
    }

    fn end_list(
        #[cfg_attr(not(feature = "alloc"), allow(unused_mut))] mut self,
    ) -> Result<(), Error> {
        match self.announced {
            Some(announced) if announced != self.written => Err(Error::message(format_args!(
                "a sequence of {} items that announced {announced}",
                self.written
            ))),
            #[cfg(feature = "alloc")]
            None => {
                let items = self.held.into_inner();
                self.target.put(|encoder| encoder.list(self.written))?;
                self.target.put(|encoder| encoder.encoded(&items))
            }
            _ => Ok(()),
        }
    }
}

impl<W: Write> ser::SerializeSeq for Seq<'_, W> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        self.element(item)
            .map_err(|error| error.within(Segment::Index(index)))?;
        self.written += 1;
        Ok(())
    }

    #[inline]
    fn end(mut self) -> Result<(), Error> {
        self.target.leave();
        self.end_list()
    }
}

/// What values become that are counted behind them.
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
    target: Target<'e, W>,
    kind: Kind,
    /// Whether the elements must be hashable.
    keys: bool,
    written: usize,
    variant: Option<&'static str>,
}

impl<'e, W: Write> Group<'e, W> {
    #[inline]
    pub(super) fn start(mut target: Target<'e, W>, kind: Kind, keys: bool) -> Result<Self, Error> {
        match kind {
            Kind::Complex => target.put(Encoder::complex_parts)?,
            _ => target.enter()?,
        }
        Ok(Self {
            target,
            kind,
            keys,
            written: 0,
            variant: None,
        })
    }

    pub(super) fn start_variant(
        target: Target<'e, W>,
        variant: &'static str,
    ) -> Result<Self, Error> {
        let tuple = Self::start(target, Kind::Tuple, false)?;
        Ok(Self {
            variant: Some(variant),
            ..tuple
        })
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        self.written += 1;
        let written = match self.kind {
            Kind::Complex => self.complex_part(item),
            _ => item.serialize(Serializer {
                target: self.target.reborrow(),
                key: self.keys,
            }),
        };
        written.map_err(|error| self.within_element(error, index))
    }

    #[cold]
    fn complex_part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        item.serialize(Wrapped {
            target: self.target.reborrow(),
            wrapper: Wrapper::ComplexPart,
            key: self.keys,
        })
    }

    #[cold]
    fn within_element(&self, error: Error, index: usize) -> Error {
        let error = error.within(Segment::Index(index));
        self.variant.into_iter().fold(error, Error::in_variant)
    }

    #[inline]
    fn finish(mut self) -> Result<(), Error> {
        if self.kind == Kind::Complex {
            return Ok(());
        }
        self.target.leave();
        let len = self.written;
        self.target.put(|encoder| match self.kind {
            Kind::Set => encoder.set(len),
            Kind::FrozenSet => encoder.frozenset(len),
            _ => encoder.tuple(len),
        })?;
        if self.variant.is_some() {
            self.target.leave();
            self.target.put(Encoder::set_item)?;
        }
        Ok(())
    }
}

macro_rules! group_elements {
    ($($trait:ident)*) => {$(
        impl<W: Write> ser::$trait for Group<'_, W> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.element(item)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

group_elements! { SerializeSeq SerializeTuple }

macro_rules! tuple_fields {
    ($($trait:ident)*) => {$(
        impl<W: Write> ser::$trait for Group<'_, W> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
                self.element(item)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

tuple_fields! { SerializeTupleStruct SerializeTupleVariant }

/// A dict: of a map or a struct, alone or in a variant.
pub(super) struct Map<'e, W: Write> {
    target: Target<'e, W>,
    written: usize,
    within: Within,
}

/// What a map is written in, or as.
#[derive(Clone, Copy)]
enum Within {
    Nothing,
    Variant(&'static str),
    /// No dict: the content of its one pair, as this.
    Wrapper(Wrapper),
}

impl<'e, W: Write> Map<'e, W> {
    #[inline]
    pub(super) fn start(
        mut target: Target<'e, W>,
        variant: Option<&'static str>,
    ) -> Result<Self, Error> {
        target.enter()?;
        target.put(Encoder::dict)?;
        Ok(Self {
            target,
            written: 0,
            within: variant.map_or(Within::Nothing, Within::Variant),
        })
    }

    /// A map of one pair that stands for a scalar.
    pub(super) const fn content(target: Target<'e, W>, wrapper: Wrapper) -> Self {
        Self {
            target,
            written: 0,
            within: Within::Wrapper(wrapper),
        }
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, item: &T) -> Result<(), Error> {
        if let Within::Wrapper(wrapper) = self.within {
            return self.scalar(wrapper, item);
        }
        self.target.put(|encoder| encoder.str(name))?;
        value(&mut self.target, item).map_err(|error| {
            let error = error.within(Segment::Field(name));
            match self.within {
                Within::Variant(variant) => error.in_variant(variant),
                _ => error,
            }
        })?;
        self.target.put(Encoder::set_item)
    }

    #[cold]
    fn scalar<T: Serialize + ?Sized>(&mut self, wrapper: Wrapper, item: &T) -> Result<(), Error> {
        item.serialize(Wrapped {
            target: self.target.reborrow(),
            wrapper,
            key: false,
        })
    }

    #[inline]
    fn finish(mut self) -> Result<(), Error> {
        match self.within {
            Within::Nothing => self.target.leave(),
            Within::Variant(_) => {
                self.target.leave();
                self.target.leave();
                self.target.put(Encoder::set_item)?;
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
        key(&mut self.target, item).map_err(|error| error.within(Segment::Pair(pair)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        if let Within::Wrapper(wrapper) = self.within {
            return self.scalar(wrapper, item);
        }
        let pair = self.written.saturating_sub(1);
        value(&mut self.target, item).map_err(|error| error.within(Segment::Pair(pair)))?;
        self.target.put(Encoder::set_item)
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
        key(&mut self.target, name).map_err(|error| under_key(error, name))?;
        value(&mut self.target, item).map_err(|error| under_key(error, name))?;
        self.target.put(Encoder::set_item)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

macro_rules! dict_fields {
    ($($trait:ident)*) => {$(
        impl<W: Write> ser::$trait for Map<'_, W> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                item: &T,
            ) -> Result<(), Error> {
                self.field(name, item)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

dict_fields! { SerializeStruct SerializeStructVariant }

#[inline]
fn value<W: Write>(
    target: &mut Target<'_, W>,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    item.serialize(Serializer {
        target: target.reborrow(),
        key: false,
    })
}

#[inline]
fn key<W: Write>(
    target: &mut Target<'_, W>,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    item.serialize(Serializer {
        target: target.reborrow(),
        key: true,
    })
}

/// The error seen from the dict: with the key written once more, to show it.
#[cold]
fn under_key(error: Error, key: &(impl Serialize + ?Sized)) -> Error {
    // A longer key is not worth showing.
    let mut bytes = [0; 128];
    let mut encoder = Encoder::new(&mut bytes[..]);
    let mut failed = None;
    let written = key.serialize(Serializer {
        target: Target::new(&mut encoder, &mut failed),
        key: false,
    });
    let token = written.ok().and_then(|()| Tokens::new(&bytes).next());
    error.within(match token {
        Some(Ok(token)) => Segment::written_key(token),
        _ => Segment::Other,
    })
}
