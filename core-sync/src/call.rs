use alloc::borrow::Cow;

use execnet_serializer::{Dict, Dump, EncodeError, Encoder};

use crate::dedent::dedent;

/// What CHANNEL_EXEC carries: the tuple (source, file_name, call_name, kwargs).
pub(crate) struct Call<'a> {
    source: Cow<'a, str>,
    file_name: Option<&'a str>,
    call: Option<(&'a str, &'a Dict)>,
}

impl<'a> Call<'a> {
    /// Of source as it stands in a program, with what all its lines have in common in front.
    pub(crate) fn source(source: &'a str) -> Self {
        Self {
            source: dedent(source),
            file_name: None,
            call: None,
        }
    }

    /// Of a function that the source defines, or the peer knows.
    pub(crate) fn function(source: &'a str, name: &'a str, kwargs: &'a Dict) -> Self {
        Self {
            call: Some((name, kwargs)),
            ..Self::source(source)
        }
    }

    /// Of the text of a file.
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
