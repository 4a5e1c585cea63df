use alloc::vec::Vec;

use execnet_serializer::{ChannelId, Dump, DumpError, Encoder};

use crate::frame::{FrameBuf, MessageCode, TooLong};

/// What a frame of the peer is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// CLOSE of the channel.
    Close(ChannelId),
    /// CLOSE_ERROR of the channel, with this text.
    Refuse(ChannelId, &'static str),
    /// A dict of these figures, then CLOSE.
    Status(ChannelId, Load),
}

/// How busy an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Living channels.
    pub numchannels: usize,
    /// Channels on which code runs.
    pub numexecuting: usize,
}

impl Reply {
    /// The frames of this answer, one after the other. `execmodel` is the name an answer to STATUS gives.
    ///
    /// # Errors
    ///
    /// Never, for what the session answers: the parts are short.
    pub fn to_bytes(&self, execmodel: &str) -> Result<Vec<u8>, EncodeFrameError> {
        match *self {
            Self::Close(id) => empty(MessageCode::ChannelClose, id),
            Self::Refuse(id, text) => encode(MessageCode::ChannelCloseError, id, text),
            Self::Status(id, load) => {
                let mut bytes = status(id, load, execmodel)?;
                bytes.extend(empty(MessageCode::ChannelClose, id)?);
                Ok(bytes)
            }
        }
    }
}

/// The frame that carries `value`.
pub(crate) fn encode(
    code: MessageCode,
    id: ChannelId,
    value: &(impl Dump + ?Sized),
) -> Result<Vec<u8>, EncodeFrameError> {
    let mut encoder = Encoder::new(FrameBuf::new());
    value
        .dump(&mut encoder)
        .map_err(|error| error.into_dump_error())?;
    finish(code, id, encoder)
}

/// Ends the value that was written and puts the header in front.
fn finish(
    code: MessageCode,
    id: ChannelId,
    mut encoder: Encoder<FrameBuf>,
) -> Result<Vec<u8>, EncodeFrameError> {
    encoder.stop().map_err(|error| error.into_dump_error())?;
    Ok(encoder.into_inner().finish(code, id)?)
}

/// The frame without payload.
pub(crate) fn empty(code: MessageCode, id: ChannelId) -> Result<Vec<u8>, EncodeFrameError> {
    Ok(FrameBuf::new().finish(code, id)?)
}

fn status(id: ChannelId, load: Load, execmodel: &str) -> Result<Vec<u8>, EncodeFrameError> {
    let figure = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let mut encoder = Encoder::new(FrameBuf::new());
    let mut write = || {
        encoder.dict()?;
        for (key, number) in [
            ("numchannels", load.numchannels),
            ("numexecuting", load.numexecuting),
        ] {
            encoder.str(key)?;
            encoder.int(figure(number))?;
            encoder.set_item()?;
        }
        encoder.str("execmodel")?;
        encoder.str(execmodel)?;
        encoder.set_item()
    };
    write().map_err(|error| error.into_dump_error())?;
    finish(MessageCode::ChannelData, id, encoder)
}

/// A value that no frame can carry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeFrameError {
    /// The format cannot say the value.
    Dump(DumpError),
    /// The value is longer than a frame can be.
    TooLong(TooLong),
}

impl From<DumpError> for EncodeFrameError {
    fn from(error: DumpError) -> Self {
        Self::Dump(error)
    }
}

impl From<TooLong> for EncodeFrameError {
    fn from(error: TooLong) -> Self {
        Self::TooLong(error)
    }
}

impl core::fmt::Display for EncodeFrameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Dump(_) => f.write_str("the value cannot be encoded"),
            Self::TooLong(_) => f.write_str("the value does not fit in a frame"),
        }
    }
}

impl core::error::Error for EncodeFrameError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Dump(error) => Some(error),
            Self::TooLong(error) => Some(error),
        }
    }
}
