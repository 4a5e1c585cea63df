//! The serializers of containers, which serde gives one part after another.

mod group;
mod map;
mod seq;

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::Error;
use super::output::Output;
use super::ser::Serializer;
pub(super) use group::{Group, Kind};
pub(super) use map::Map;
pub(super) use seq::Seq;

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
