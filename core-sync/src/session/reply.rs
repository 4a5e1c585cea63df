//! The frames that a session asks its driver to send.

use alloc::vec::Vec;

use embedded_io::ErrorKind;
use execnet_serializer::{ChannelId, Dump, DumpError, EncodeError, Encoder};

use crate::frame::{FallibleFrame, Header, MessageCode, TooLong};
use crate::report::inner_sources;

/// A frame that the driver has to send: the answer to a frame of the peer, or the consequence of a change on this side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// CLOSE of the channel.
    Close(ChannelId),
    /// CLOSE_ERROR of the channel, with this text.
    CloseError(ChannelId, &'static str),
    /// The status as a dict, then CLOSE.
    Status(ChannelId, SessionStatus),
    /// LAST_MESSAGE of the channel.
    LastMessage(ChannelId),
    /// CREDIT of the channel: items of this cost were received.
    Credit(ChannelId, u32),
}

/// The status of one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionStatus {
    /// Number of channels that are open.
    pub num_channels: usize,
    /// Number of running calls.
    pub num_executing: usize,
    /// How calls are run: execnet's name of the model.
    pub exec_model: &'static str,
}

impl Reply {
    /// The encoded frames.
    ///
    /// # Errors
    ///
    /// There is no memory, or a text is longer than a frame can be, which no text of the session is.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodeFrameError> {
        let mut bytes = Vec::new();
        self.append_to(&mut bytes)?;
        Ok(bytes)
    }

    /// As [`to_bytes`](Self::to_bytes), appended to `bytes`.
    pub(crate) fn append_to(&self, bytes: &mut Vec<u8>) -> Result<(), EncodeFrameError> {
        match *self {
            Self::Close(id) => bytes.extend(empty(MessageCode::ChannelClose, id)),
            Self::LastMessage(id) => bytes.extend(empty(MessageCode::ChannelLastMessage, id)),
            Self::CloseError(id, text) => append(bytes, MessageCode::ChannelCloseError, id, text)?,
            Self::Credit(id, credit) => append(bytes, MessageCode::ChannelCredit, id, &credit)?,
            Self::Status(id, status) => {
                append(bytes, MessageCode::ChannelData, id, &status)?;
                bytes.extend(empty(MessageCode::ChannelClose, id));
            }
        }
        Ok(())
    }
}

/// A frame with `value` as its payload.
pub(crate) fn encode(
    code: MessageCode,
    id: ChannelId,
    value: &(impl Dump + ?Sized),
) -> Result<Vec<u8>, EncodeFrameError> {
    let mut frame = Vec::new();
    append_value(&mut frame, code, id, value)?;
    Ok(frame)
}

/// Appends a frame with `value` as its payload to `bytes`. On an error nothing is added.
pub(crate) fn append(
    bytes: &mut Vec<u8>,
    code: MessageCode,
    id: ChannelId,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeFrameError> {
    let before = bytes.len();
    let done = append_value(bytes, code, id, value);
    if done.is_err() {
        bytes.truncate(before);
    }
    done
}

fn append_value(
    bytes: &mut Vec<u8>,
    code: MessageCode,
    id: ChannelId,
    value: &(impl Dump + ?Sized),
) -> Result<(), EncodeFrameError> {
    let mut frame = FallibleFrame::behind(bytes).map_err(|_| EncodeFrameError::Memory)?;
    let mut encoder = Encoder::new(&mut frame);
    let dumped = value.dump(&mut encoder).and_then(|()| encoder.stop());
    dumped.map_err(EncodeFrameError::of)?;
    Ok(frame.seal(code, id)?)
}

/// A frame without a payload.
pub(crate) fn empty(code: MessageCode, id: ChannelId) -> [u8; Header::SIZE] {
    Header::saturating(code, id, 0).to_bytes()
}

/// The answer to STATUS.
impl Dump for SessionStatus {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        // The keys are execnet's: stock controllers read them.
        encoder.dict()?;
        for (key, number) in [
            ("numchannels", self.num_channels),
            ("numexecuting", self.num_executing),
        ] {
            encoder.str(key)?;
            encoder.int(i64::try_from(number).unwrap_or(i64::MAX))?;
            encoder.set_item()?;
        }
        encoder.str("execmodel")?;
        encoder.str(self.exec_model)?;
        encoder.set_item()
    }
}

/// A value cannot be sent in a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeFrameError {
    /// The value cannot be represented in the format.
    Dump(DumpError),
    /// The value is longer than a frame can be.
    TooLong(TooLong),
    /// There is no memory for the frame.
    Memory,
}

impl EncodeFrameError {
    /// Writing into a frame fails only without memory.
    fn of(error: EncodeError<ErrorKind>) -> Self {
        match error {
            EncodeError::Value(error) => Self::Dump(error),
            EncodeError::Io(_) => Self::Memory,
        }
    }
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
            Self::Memory => f.write_str("no memory for the encoded value"),
        }
    }
}

inner_sources!(EncodeFrameError: Dump, TooLong);
