//! Rust types into opcodes.

use core::fmt::{self, Display, Write as _};

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::compound::{Map, Seq, Tuple};
use super::error::Error;
use super::special;
use crate::error::Refusal;
use crate::{ChannelId, EncodeError, Encoder};

/// Where a serializer writes to: an encoder, and the error of its sink, which
/// serde's own has no room for.
pub(super) struct Target<'e, W: Write> {
    encoder: &'e mut Encoder<W>,
    failed: &'e mut Option<W::Error>,
}

impl<'e, W: Write> Target<'e, W> {
    pub(super) const fn new(encoder: &'e mut Encoder<W>, failed: &'e mut Option<W::Error>) -> Self {
        Self { encoder, failed }
    }

    pub(super) const fn reborrow(&mut self) -> Target<'_, W> {
        Target {
            encoder: self.encoder,
            failed: self.failed,
        }
    }

    /// One call of the encoder.
    #[inline]
    pub(super) fn put(
        &mut self,
        write: impl FnOnce(&mut Encoder<W>) -> Result<(), EncodeError<W::Error>>,
    ) -> Result<(), Error> {
        match write(self.encoder) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.keep(error)),
        }
    }

    #[cold]
    fn keep(&mut self, error: EncodeError<W::Error>) -> Error {
        match error {
            EncodeError::Dump(error) => error.into_serde(),
            EncodeError::Write(error) => {
                *self.failed = Some(error);
                Error::sink()
            }
        }
    }

    /// An encoder for what is written later.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(super) const fn beside(&self) -> Encoder<alloc::vec::Vec<u8>> {
        self.encoder.beside()
    }

    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.encoder.enter().map_err(crate::DumpError::into_serde)
    }

    #[inline]
    pub(super) const fn leave(&mut self) {
        self.encoder.leave();
    }
}

/// What the next value is to become, where its place or a wrapper says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Value,
    /// A dict key or set element: no list, dict or set.
    Key,
    Set {
        key: bool,
    },
    FrozenSet,
    Complex,
    ComplexPart,
    Channel,
    #[cfg(feature = "alloc")]
    Int,
}

impl Role {
    /// Whether what is written must be hashable.
    pub(super) const fn is_key(self) -> bool {
        matches!(self, Self::Key | Self::Set { key: true })
    }
}

/// Writes one value.
pub(super) struct Serializer<'e, W: Write> {
    pub(super) target: Target<'e, W>,
    pub(super) role: Role,
}

impl<'e, W: Write> Serializer<'e, W> {
    /// The start of what Python could not hash.
    #[inline]
    fn unhashable_if_key(&self) -> Result<(), Error> {
        if self.role.is_key() {
            return Err(Refusal::Unhashable.into());
        }
        Ok(())
    }

    /// A dict of one pair: the name of a variant and what is in it.
    fn variant(mut self, name: &'static str) -> Result<Target<'e, W>, Error> {
        self.unhashable_if_key()?;
        self.target.enter()?;
        self.target.put(Encoder::dict)?;
        self.target.put(|encoder| encoder.str(name))?;
        Ok(self.target)
    }

    fn role_of(&self, name: &'static str) -> Role {
        match name {
            special::SET => Role::Set {
                key: self.role.is_key(),
            },
            special::FROZENSET => Role::FrozenSet,
            special::COMPLEX => Role::Complex,
            special::CHANNEL => Role::Channel,
            #[cfg(feature = "alloc")]
            special::INT => Role::Int,
            _ => self.role,
        }
    }
}

/// Methods that are one call of the encoder.
macro_rules! scalars {
    ($($method:ident($type:ty) => |$encoder:ident, $value:ident| $write:expr;)*) => {$(
        #[inline]
        fn $method(mut self, $value: $type) -> Result<(), Error> {
            self.target.put(|$encoder| $write)
        }
    )*};
}

impl<'e, W: Write> ser::Serializer for Serializer<'e, W> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Seq<'e, W>;
    type SerializeTuple = Tuple<'e, W>;
    type SerializeTupleStruct = Tuple<'e, W>;
    type SerializeTupleVariant = Tuple<'e, W>;
    type SerializeMap = Map<'e, W>;
    type SerializeStruct = Map<'e, W>;
    type SerializeStructVariant = Map<'e, W>;

    scalars! {
        serialize_bool(bool) => |encoder, value| encoder.bool(value);
        serialize_i8(i8) => |encoder, value| encoder.int(i64::from(value));
        serialize_i16(i16) => |encoder, value| encoder.int(i64::from(value));
        serialize_i64(i64) => |encoder, value| encoder.int(value);
        serialize_i128(i128) => |encoder, value| encoder.i128(value);
        serialize_u8(u8) => |encoder, value| encoder.int(i64::from(value));
        serialize_u16(u16) => |encoder, value| encoder.int(i64::from(value));
        serialize_u32(u32) => |encoder, value| encoder.int(i64::from(value));
        serialize_u64(u64) => |encoder, value| encoder.u64(value);
        serialize_u128(u128) => |encoder, value| encoder.u128(value);
        serialize_char(char) => |encoder, value| encoder.str(value.encode_utf8(&mut [0; 4]));
        serialize_bytes(&[u8]) => |encoder, value| encoder.bytes(value);
    }

    #[inline]
    fn serialize_i32(mut self, value: i32) -> Result<(), Error> {
        if self.role == Role::Channel {
            return self.target.put(|encoder| encoder.channel(ChannelId(value)));
        }
        self.target.put(|encoder| encoder.int(i64::from(value)))
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(f64::from(value))
    }

    #[inline]
    fn serialize_f64(mut self, value: f64) -> Result<(), Error> {
        if self.role == Role::ComplexPart {
            return self.target.put(|encoder| encoder.complex_part(value));
        }
        self.target.put(|encoder| encoder.float(value))
    }

    #[inline]
    fn serialize_str(mut self, value: &str) -> Result<(), Error> {
        #[cfg(feature = "alloc")]
        if self.role == Role::Int {
            return self.target.put(|encoder| encoder.long_int(value));
        }
        self.target.put(|encoder| encoder.str(value))
    }

    fn serialize_none(mut self) -> Result<(), Error> {
        self.target.put(Encoder::none)
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
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name.starts_with('$') {
            self.role = self.role_of(name);
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
        let mut target = self.variant(variant)?;
        value
            .serialize(Serializer {
                target: target.reborrow(),
                role: Role::Value,
            })
            .map_err(|error| error.in_variant(variant))?;
        target.leave();
        target.put(Encoder::set_item)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Seq<'e, W>, Error> {
        if matches!(self.role, Role::Key | Role::Set { key: true }) {
            return Err(Refusal::Unhashable.into());
        }
        Seq::start(self.target, self.role, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Tuple<'e, W>, Error> {
        Tuple::start(self.target, self.role, len)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        len: usize,
    ) -> Result<Tuple<'e, W>, Error> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Tuple<'e, W>, Error> {
        Tuple::start_variant(self.variant(variant)?, variant, len)
    }

    #[inline]
    fn serialize_map(self, _len: Option<usize>) -> Result<Map<'e, W>, Error> {
        self.unhashable_if_key()?;
        Map::start(self.target, None)
    }

    #[inline]
    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Map<'e, W>, Error> {
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
        printed(self.target, value)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Text that is known only by being printed. Its length comes first, so it is
/// printed twice: that takes no memory.
fn printed<W: Write>(
    mut target: Target<'_, W>,
    value: &(impl Display + ?Sized),
) -> Result<(), Error> {
    let changed = || Error::message("a value that prints differently each time, or not at all");
    let mut length = Length(0);
    write!(length, "{value}").map_err(|_| changed())?;
    target.put(|encoder| encoder.str_of(length.0))?;
    let mut printer = Printer {
        target,
        left: length.0,
        failed: None,
    };
    match write!(printer, "{value}") {
        Ok(()) if printer.left == 0 => Ok(()),
        _ => Err(printer.failed.unwrap_or_else(changed)),
    }
}

/// Counts what is printed.
struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

/// Writes what is printed, as much as was counted.
struct Printer<'e, W: Write> {
    target: Target<'e, W>,
    left: usize,
    failed: Option<Error>,
}

impl<W: Write> fmt::Write for Printer<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len()).ok_or(fmt::Error)?;
        let written = self.target.put(|encoder| encoder.encoded(text.as_bytes()));
        written.map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}
