//! The serializer of lists, whose length comes before the items.

use embedded_io::Write;
use serde_core::ser::Serialize;

use super::value;
use crate::Encoder;
use crate::error::Segment;
use crate::typed::Error;
use crate::typed::output::Output;

/// A list.
pub(in crate::typed) struct Seq<'e, W: Write> {
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
    pub(in crate::typed) fn start(
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
    pub(super) fn part<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let index = self.written;
        let written = match self.announced {
            #[cfg(feature = "alloc")]
            None => self.held_item(item),
            _ => list_item(&mut self.output, index, item),
        };
        written.map_err(|error| error.within(Segment::Index(index)))?;
        self.written += 1;
        Ok(())
    }

    /// The item of a list of unknown length. Nothing is written before that is
    /// known.
    // Out of line: the common case, a known length, stays small.
    #[cfg(feature = "alloc")]
    #[inline(never)]
    fn held_item<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Error> {
        let mut never = None;
        let mut output = Output::new(&mut self.held, &mut never);
        list_item(&mut output, self.written, item)
    }

    #[inline]
    pub(super) fn finish(mut self) -> Result<(), Error> {
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
                self.output.put(|encoder| encoder.put(&items))
            }
            _ => Ok(()),
        }
    }
}

// Not left to the compiler: it would be a call for each item, because there are
// two callers.
#[inline(always)]
fn list_item<W: Write>(
    output: &mut Output<'_, W>,
    index: usize,
    item: &(impl Serialize + ?Sized),
) -> Result<(), Error> {
    output.put(|encoder| encoder.index(index))?;
    value(output, item)?;
    output.put(Encoder::set_item)
}
