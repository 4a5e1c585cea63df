//! The serializer of tuples, sets and complex numbers: their opcode comes last, or they have none.

use embedded_io::Write;
use serde_core::ser::Serialize;

use crate::error::Segment;
use crate::typed::Error;
use crate::typed::output::Output;
use crate::typed::ser::Serializer;
use crate::typed::wrapped::{Wrapped, Wrapper};
use crate::{Encoder, Opcode};

/// The containers whose number of items follows the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::typed) enum Kind {
    Tuple,
    Set,
    FrozenSet,
    /// Two floats.
    Complex,
}

/// A tuple, set, frozenset or complex number, a tuple also in a variant.
pub(in crate::typed) struct Group<'e, W: Write> {
    output: Output<'e, W>,
    kind: Kind,
    /// Whether the elements must be hashable.
    keys: bool,
    written: usize,
    variant: Option<&'static str>,
}

impl<'e, W: Write> Group<'e, W> {
    #[inline]
    pub(in crate::typed) fn start(
        mut output: Output<'e, W>,
        kind: Kind,
        keys: bool,
    ) -> Result<Self, Error> {
        match kind {
            Kind::Complex => output.put(|encoder| encoder.opcode(Opcode::Complex))?,
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

    pub(in crate::typed) fn start_variant(
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
    pub(super) fn part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
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
    pub(super) fn finish(mut self) -> Result<(), Error> {
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
