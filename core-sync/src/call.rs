use execnet_serializer::{Dict, Dump, EncodeError, Encoder};

/// What CHANNEL_EXEC carries: the tuple (source, file_name, call_name, kwargs).
pub(crate) struct Call<'a> {
    pub(crate) source: &'a str,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) call: Option<(&'a str, &'a Dict)>,
}

impl Dump for Call<'_> {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.str(self.source)?;
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
