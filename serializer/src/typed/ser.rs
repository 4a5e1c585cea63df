//! The serializer: writes any type of serde as opcodes.

use core::fmt::Display;

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::Error;
use super::HUMAN_READABLE;
use super::compound::{Group, Kind, Map, Seq};
use super::output::Output;
use super::printed::printed;
use super::special;
use super::wrapped::{Wrapped, Wrapper};
use crate::error::{Refusal, Segment};
use crate::{Dump, Encoder};

/// Writes one value.
pub(super) struct Serializer<'e, W: Write> {
    pub(super) output: Output<'e, W>,
    /// Whether the value is a dict key or set element, which must be hashable.
    pub(super) key: bool,
}

impl<'e, W: Write> Serializer<'e, W> {
    /// Fails if the value has to be hashable. Called before one that is not.
    #[inline]
    fn unhashable_if_key(&self) -> Result<(), Error> {
        if self.key {
            return Err(Refusal::Unhashable.into());
        }
        Ok(())
    }

    /// Starts a dict of one pair: the name of a variant and its content.
    fn variant(mut self, name: &'static str) -> Result<Output<'e, W>, Error> {
        self.unhashable_if_key()?;
        self.output.enter()?;
        self.output.put(Encoder::dict)?;
        self.output.put(|encoder| encoder.str(name))?;
        Ok(self.output)
    }

    /// A newtype struct that may have one of the names of this crate.
    fn wrapped<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Error> {
        match Wrapper::named(name) {
            Some(wrapper) => value.serialize(Wrapped {
                output: self.output,
                wrapper,
                key: self.key,
            }),
            None => value.serialize(self),
        }
    }

    /// A struct that may be one of those by which `serde_json` passes numbers and
    /// raw text.
    #[cold]
    fn json(self, name: &'static str) -> Result<Map<'e, W>, Error> {
        match name {
            special::JSON_NUMBER => Ok(Map::content(self.output, Wrapper::JsonNumber)),
            special::JSON_RAW => Err(Error::message(
                "JSON text that is kept as it is: parse it to a value first",
            )),
            _ => ser::Serializer::serialize_map(self, None),
        }
    }
}

/// Scalars, which are written as their [`Dump`] writes them.
macro_rules! scalars {
    ($($method:ident($type:ty))*) => {$(
        #[inline]
        fn $method(mut self, value: $type) -> Result<(), Error> {
            self.output.put(|encoder| value.dump(encoder))
        }
    )*};
}

impl<'e, W: Write> ser::Serializer for Serializer<'e, W> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Seq<'e, W>;
    type SerializeTuple = Group<'e, W>;
    type SerializeTupleStruct = Group<'e, W>;
    type SerializeTupleVariant = Group<'e, W>;
    type SerializeMap = Map<'e, W>;
    type SerializeStruct = Map<'e, W>;
    type SerializeStructVariant = Map<'e, W>;

    scalars! {
        serialize_bool(bool) serialize_char(char) serialize_str(&str)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
        serialize_f32(f32) serialize_f64(f64)
    }

    #[inline]
    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), Error> {
        self.output.put(|encoder| encoder.bytes(value))
    }

    fn serialize_none(mut self) -> Result<(), Error> {
        self.output.put(Encoder::none)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if special::is_special(name) {
            return self.wrapped(name, value);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut output = self.variant(variant)?;
        value
            .serialize(Serializer {
                output: output.reborrow(),
                key: false,
            })
            .map_err(|error| error.within(Segment::Field(variant)))?;
        output.leave();
        output.put(Encoder::set_item)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Seq<'e, W>, Error> {
        self.unhashable_if_key()?;
        Seq::start(self.output, len)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Group<'e, W>, Error> {
        Group::start(self.output, Kind::Tuple, self.key)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Group<'e, W>, Error> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Group<'e, W>, Error> {
        Group::start_variant(self.variant(variant)?, variant)
    }

    #[inline]
    fn serialize_map(self, _len: Option<usize>) -> Result<Map<'e, W>, Error> {
        self.unhashable_if_key()?;
        Map::start(self.output, None)
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Map<'e, W>, Error> {
        if name.starts_with('$') {
            return self.json(name);
        }
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Map<'e, W>, Error> {
        Map::start(self.variant(variant)?, Some(variant))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        printed(self.output, value)
    }

    fn is_human_readable(&self) -> bool {
        HUMAN_READABLE
    }
}
