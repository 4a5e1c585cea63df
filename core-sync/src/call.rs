//! The payload of a call, which the caller encodes and the called side decodes.

use alloc::borrow::Cow;

use execnet_serializer::{Dict, Dump, EncodeError, Encoder};

use crate::dedent::dedent;

/// The payload of CHANNEL_EXEC: the tuple (source, file_name, call_name, kwargs).
pub(crate) struct Call<'a> {
    source: Cow<'a, str>,
    file_name: Option<&'a str>,
    call: Option<(&'a str, &'a Dict)>,
}

impl<'a> Call<'a> {
    /// Runs source, which may be indented as the program around it.
    pub(crate) fn source(source: &'a str) -> Self {
        Self {
            source: dedent(source),
            file_name: None,
            call: None,
        }
    }

    /// Calls a function that the source defines, or that the peer has registered.
    pub(crate) fn function(source: &'a str, name: &'a str, kwargs: &'a Dict) -> Self {
        Self {
            call: Some((name, kwargs)),
            ..Self::source(source)
        }
    }

    /// Runs the text of a file.
    #[cfg(feature = "std")]
    pub(crate) fn module(source: &'a str, file_name: &'a str) -> Self {
        Self {
            source: Cow::Borrowed(source),
            file_name: Some(file_name),
            call: None,
        }
    }
}

impl Dump for Call<'_> {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.str(&self.source)?;
        self.file_name.dump(encoder)?;
        match self.call {
            Some((name, kwargs)) => {
                encoder.str(name)?;
                kwargs.dump(encoder)?;
            }
            None => {
                encoder.none()?;
                encoder.dict()?;
            }
        }
        encoder.tuple(4)
    }
}
