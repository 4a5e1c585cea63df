use alloc::vec::Vec;

use execnet_serializer::{ChannelId, Dump, DumpError, EncodeError, Encoder};

use crate::frame::Header;
use crate::frame::{FrameBuf, MessageCode, TooLong};

/// A frame that the session asks for: the answer to one of the peer's, or what the peer has to be told of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// CLOSE of the channel.
    Close(ChannelId),
    /// CLOSE_ERROR of the channel, with this text.
    CloseError(ChannelId, &'static str),
    /// A dict of these figures, then CLOSE.
    Status(ChannelId, SessionStatus),
    /// LAST_MESSAGE of the channel.
    LastMessage(ChannelId),
    /// CREDIT of the channel: so much was received.
    Credit(ChannelId, u32),
}

/// How busy an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionStatus {
    /// Channels on which items go both ways.
    pub num_channels: usize,
    /// Channels on which code runs.
    pub num_executing: usize,
}

impl Reply {
    /// The frames of this answer, one after the other. `exec_model` is the name an answer to STATUS gives.
    ///
    /// # Errors
    ///
    /// Never, for what the session answers: the parts are short.
    pub fn to_bytes(&self, exec_model: &str) -> Result<Vec<u8>, EncodeFrameError> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes, exec_model)?;
        Ok(bytes)
    }

    /// As [`to_bytes`](Self::to_bytes), behind what `bytes` holds.
    pub(crate) fn append_to(
        &self,
        bytes: &mut Vec<u8>,
        exec_model: &str,
    ) -> Result<(), EncodeFrameError> {
        match *self {
            Self::Close(id) => append(bytes, MessageCode::ChannelClose, id, &Empty),
            Self::LastMessage(id) => append(bytes, MessageCode::ChannelLastMessage, id, &Empty),
            Self::CloseError(id, text) => append(bytes, MessageCode::ChannelCloseError, id, text),
            Self::Credit(id, credit) => append(bytes, MessageCode::ChannelCredit, id, &credit),
            Self::Status(id, status) => {
                append(
                    bytes,
                    MessageCode::ChannelData,
                    id,
                    &Answer { status, exec_model },
                )?;
                append(bytes, MessageCode::ChannelClose, id, &Empty)
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
    let mut frame = FrameBuf::new();
    value.write_to(&mut frame)?;
    Ok(frame.finish(code, id)?)
}

/// Puts the frame that carries `value` behind what `bytes` holds; on an error nothing is added.
pub(crate) fn append(
    bytes: &mut Vec<u8>,
    code: MessageCode,
    id: ChannelId,
    value: &(impl Payload + ?Sized),
) -> Result<(), EncodeFrameError> {
    let before = bytes.len();
    let mut frame = FrameBuf::behind(core::mem::take(bytes));
    let written = value.write_to(&mut frame);
    let done = written.and_then(|()| Ok(frame.seal(code, id)?));
    *bytes = frame.into_bytes();
    if done.is_err() {
        bytes.truncate(before);
    }
    done
}

/// The frame without payload.
pub(crate) fn empty(code: MessageCode, id: ChannelId) -> Result<Vec<u8>, EncodeFrameError> {
    let frame = FrameBuf::behind(Vec::with_capacity(Header::SIZE));
    Ok(frame.finish(code, id)?)
}

/// What stands in a frame: a value with its end, or nothing.
pub(crate) trait Payload {
    fn write_to(&self, frame: &mut FrameBuf) -> Result<(), EncodeFrameError>;
}

impl<T: Dump + ?Sized> Payload for T {
    fn write_to(&self, frame: &mut FrameBuf) -> Result<(), EncodeFrameError> {
        let mut encoder = Encoder::new(frame);
        let dumped = self.dump(&mut encoder).and_then(|()| encoder.stop());
        Ok(dumped.map_err(|error| error.into_dump_error())?)
    }
}

/// No payload.
struct Empty;

impl Payload for Empty {
    fn write_to(&self, _: &mut FrameBuf) -> Result<(), EncodeFrameError> {
        Ok(())
    }
}

/// What STATUS is answered with.
struct Answer<'a> {
    status: SessionStatus,
    exec_model: &'a str,
}

impl Dump for Answer<'_> {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        let figure = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        encoder.dict()?;
        for (key, number) in [
            ("numchannels", self.status.num_channels),
            ("numexecuting", self.status.num_executing),
        ] {
            encoder.str(key)?;
            encoder.int(figure(number))?;
            encoder.set_item()?;
        }
        encoder.str("execmodel")?;
        encoder.str(self.exec_model)?;
        encoder.set_item()
    }
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
            Self::Dump(error) => write!(f, "cannot encode the value: {error}"),
            Self::TooLong(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for EncodeFrameError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Dump(error) => error.source(),
            Self::TooLong(error) => error.source(),
        }
    }
}
