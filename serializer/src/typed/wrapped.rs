//! The serializer of the value inside a newtype struct that has one of this crate's
//! names, such as the sequence inside a set.

use core::fmt::Display;

use embedded_io::Write;
use serde_core::ser::{self, Impossible, Serialize};

use super::Error;
use super::HUMAN_READABLE;
use super::compound::{Group, Kind, Map};
use super::output::Output;
use super::special;
use crate::error::Refusal;
use crate::{ChannelId, Decimal, Encoder};

/// The form in which the inner value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapper {
    Set,
    FrozenSet,
    Complex,
    ComplexPart,
    Channel,
    Int,
    /// A number of `serde_json`, which keeps its text with that crate's
    /// feature `arbitrary_precision`.
    JsonNumber,
}

impl Wrapper {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            special::SET => Self::Set,
            special::FROZENSET => Self::FrozenSet,
            special::COMPLEX => Self::Complex,
            special::CHANNEL => Self::Channel,
            special::INT => Self::Int,
            _ => return None,
        })
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Set | Self::FrozenSet => "only a sequence, tuple or array is written as a set",
            Self::Complex | Self::ComplexPart => "a complex number is two floats",
            Self::Channel => "a channel is an integer of 32 bits",
            Self::Int => "an integer is its digits",
            Self::JsonNumber => "a JSON number is its text",
        }
    }
}

/// Writes the value inside.
pub(super) struct Wrapped<'e, W: Write> {
    pub(super) output: Output<'e, W>,
    pub(super) wrapper: Wrapper,
    /// Whether it must be hashable.
    pub(super) key: bool,
}

impl<'e, W: Write> Wrapped<'e, W> {
    #[cold]
    fn refuse(&self) -> Error {
        Error::message(self.wrapper.expected())
    }

    fn group(self, len: usize) -> Result<Group<'e, W>, Error> {
        let kind = match self.wrapper {
            Wrapper::Set if self.key => return Err(Refusal::Unhashable.into()),
            Wrapper::Set => Kind::Set,
            Wrapper::FrozenSet => Kind::FrozenSet,
            Wrapper::Complex if len == 2 => Kind::Complex,
            _ => return Err(self.refuse()),
        };
        Group::start(self.output, kind, true)
    }

    fn json_number(mut self, text: &str) -> Result<(), Error> {
        match Decimal::parse(text.as_bytes()) {
            // For JSON readers without integers `-0` is a float.
            Some(decimal) if text != "-0" => match decimal.to_i64() {
                Some(value) => self.output.put(|encoder| encoder.int(value)),
                None => self.output.put(|encoder| encoder.long_int(text)),
            },
            _ => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => self.output.put(|encoder| encoder.float(value)),
                _ => Err(Error::message("a JSON number beyond what a float can say")),
            },
        }
    }
}

/// Types that no wrapper contains.
macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $ok:ty;)*) => {$(
        #[cold]
        fn $method(self $(, _: $type)*) -> Result<$ok, Error> {
            Err(self.refuse())
        }
    )*};
}

impl<'e, W: Write> ser::Serializer for Wrapped<'e, W> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Group<'e, W>;
    type SerializeTuple = Group<'e, W>;
    type SerializeTupleStruct = Group<'e, W>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Map<'e, W>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    refused! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_f32(f32) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Impossible<(), Error>;
        serialize_struct(&'static str, usize) -> Impossible<(), Error>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Impossible<(), Error>;
    }

    fn serialize_i32(mut self, value: i32) -> Result<(), Error> {
        match self.wrapper {
            Wrapper::Channel => self.output.put(|encoder| encoder.channel(ChannelId(value))),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_i64(mut self, value: i64) -> Result<(), Error> {
        match self.wrapper {
            Wrapper::Int => self.output.put(|encoder| encoder.int(value)),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_u64(mut self, value: u64) -> Result<(), Error> {
        match self.wrapper {
            Wrapper::Int => self.output.put(|encoder| encoder.u64(value)),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_f64(mut self, value: f64) -> Result<(), Error> {
        match self.wrapper {
            // The opcode is written already; the parts are bare doubles.
            Wrapper::ComplexPart => self.output.put(|encoder| encoder.put(&value.to_be_bytes())),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_str(mut self, value: &str) -> Result<(), Error> {
        match self.wrapper {
            Wrapper::Int => self.output.put(|encoder| encoder.long_int(value)),
            Wrapper::JsonNumber => self.json_number(value),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_none(mut self) -> Result<(), Error> {
        match self.wrapper {
            Wrapper::Set | Wrapper::FrozenSet => self.output.put(Encoder::none),
            _ => Err(self.refuse()),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    /// The outermost name applies.
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Error> {
        Err(self.refuse())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Group<'e, W>, Error> {
        self.group(len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<Group<'e, W>, Error> {
        self.group(len)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Group<'e, W>, Error> {
        self.group(len)
    }

    /// The pair of a [`Marked`](special::Marked) scalar, of which the content
    /// alone is written.
    fn serialize_map(self, _len: Option<usize>) -> Result<Map<'e, W>, Error> {
        match self.wrapper {
            Wrapper::Channel | Wrapper::Int => Ok(Map::content(self.output, self.wrapper)),
            _ => Err(self.refuse()),
        }
    }

    fn collect_str<T: Display + ?Sized>(self, _value: &T) -> Result<(), Error> {
        Err(self.refuse())
    }

    fn is_human_readable(&self) -> bool {
        HUMAN_READABLE
    }
}
