//! The serializer of dicts: maps and structs, alone or as the content of a variant.

use embedded_io::Write;
use serde_core::ser::{self, Serialize};

use super::{key, value};
use crate::error::Segment;
use crate::typed::Error;
use crate::typed::output::Output;
use crate::typed::ser::Serializer;
use crate::typed::wrapped::{Wrapped, Wrapper};
use crate::{Encoder, Token, Tokens};

/// A dict: of a map or a struct, alone or in a variant.
pub(in crate::typed) struct Map<'e, W: Write> {
    output: Output<'e, W>,
    written: usize,
    within: Within,
}

/// The surroundings of a map.
#[derive(Clone, Copy)]
enum Within {
    Nothing,
    Variant(&'static str),
    /// The content of its single pair, written as this instead of a dict.
    Wrapper(Wrapper),
}

impl<'e, W: Write> Map<'e, W> {
    #[inline]
    pub(in crate::typed) fn start(
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
    pub(in crate::typed) const fn content(output: Output<'e, W>, wrapper: Wrapper) -> Self {
        Self {
            output,
            written: 0,
            within: Within::Wrapper(wrapper),
        }
    }

    #[inline]
    pub(super) fn part<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        item: &T,
    ) -> Result<(), Error> {
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
    pub(super) fn finish(mut self) -> Result<(), Error> {
        match self.within {
            Within::Nothing => self.output.leave(),
            // Two containers end: this one, and the dict of one pair around it.
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
        // The key of the pair only marks what the content is.
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
