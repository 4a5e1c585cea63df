use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig, Token, Tokens};

use super::RemoteError;
use super::references::references;
use crate::frame::{Frame, Header, MessageCode};

/// A frame whose payload was understood as far as the session needs it: what goes into
/// [`Session::handle`](super::Session::handle).
///
/// It is made without the session, so that no payload is looked at while the session is locked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// The peer asks how busy this end is.
    Status(ChannelId),
    /// The string settings of the gateway (id 0) or of one channel.
    Reconfigure(ChannelId, StrConfig),
    /// The peer winds down.
    Terminate,
    /// The peer asks for code to be run: the payload is not looked into.
    Exec(ChannelId, Vec<u8>),
    /// An item.
    Data(ChannelId, EncodedItem),
    /// The peer closed the channel.
    Close(ChannelId),
    /// The peer closed the channel with an error.
    CloseError(ChannelId, RemoteError),
    /// The peer sends no more on the channel.
    LastMessage(ChannelId),
    /// The peer's program has received so much of what was sent on the channel; see
    /// [`Session::with_credit`](super::Session::with_credit).
    Credit(ChannelId, u32),
}

/// What an item counts for in inbox limits and credit beside the bytes of its encoding: about what keeping it costs.
pub const ITEM_COST: usize = 64;

/// One item, encoded, with the channels it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedItem {
    /// The encoded value.
    pub payload: Vec<u8>,
    /// The ids of the channels in it, each once.
    pub references: Vec<ChannelId>,
}

impl Message {
    /// The channel it is about; 0 where it is about the gateway.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        match *self {
            Self::Terminate => ChannelId(0),
            Self::Status(id)
            | Self::Reconfigure(id, _)
            | Self::Exec(id, _)
            | Self::Data(id, _)
            | Self::Close(id)
            | Self::CloseError(id, _)
            | Self::LastMessage(id)
            | Self::Credit(id, _) => id,
        }
    }

    /// Whether a frame with this header is worth reading on: asked before its payload is buffered. `credit` says
    /// whether the ends agreed on credit, which execnet does not know.
    ///
    /// # Errors
    ///
    /// The code is unknown.
    pub fn admit(header: &Header, credit: bool) -> Result<(), ProtocolError> {
        match header.code {
            MessageCode::ChannelCredit if credit => Ok(()),
            MessageCode::Unknown(_) | MessageCode::ChannelCredit => {
                Err(ProtocolError::UnknownCode(*header))
            }
            _ => Ok(()),
        }
    }

    /// Understands a frame.
    ///
    /// # Errors
    ///
    /// The code is unknown, a RECONFIGURE holds no settings, or a CREDIT no number. A wrong item is none: it is reported to who
    /// receives it. A CLOSE_ERROR whose payload is no text closes with an error that says so; of a long text
    /// the beginning and the end are kept, see [`MAX_ERROR_TEXT`](super::MAX_ERROR_TEXT).
    pub fn parse(frame: Frame) -> Result<Self, ProtocolError> {
        let id = frame.channel;
        Ok(match frame.code {
            MessageCode::Status => Self::Status(id),
            MessageCode::Reconfigure => Self::Reconfigure(id, settings(&frame)?),
            MessageCode::GatewayTerminate => Self::Terminate,
            MessageCode::ChannelExec => Self::Exec(id, frame.payload),
            MessageCode::ChannelData => Self::Data(id, EncodedItem::new(frame.payload)),
            MessageCode::ChannelClose => Self::Close(id),
            MessageCode::ChannelCloseError => Self::CloseError(id, error_of(&frame.payload)),
            MessageCode::ChannelLastMessage => Self::LastMessage(id),
            MessageCode::ChannelCredit => Self::Credit(id, credit(&frame)?),
            MessageCode::Unknown(_) => return Err(ProtocolError::UnknownCode(frame.header())),
        })
    }
}

impl EncodedItem {
    /// An item as it came, searched for the channels it names.
    #[must_use]
    pub fn new(payload: Vec<u8>) -> Self {
        let references = references(&payload);
        Self {
            payload,
            references,
        }
    }

    /// What it counts for in inbox limits and credit.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.payload.len().saturating_add(ITEM_COST)
    }
}

fn credit(frame: &Frame) -> Result<u32, ProtocolError> {
    let mut tokens = Tokens::new(&frame.payload).map(Result::ok);
    match (tokens.next().flatten(), tokens.next().flatten()) {
        (Some(Token::Int(number)), Some(Token::Stop)) => u32::try_from(number).ok(),
        _ => None,
    }
    .ok_or(ProtocolError::NoCredit(frame.channel))
}

/// A tuple of two truth values, as stock execnet takes it: ints count.
fn settings(frame: &Frame) -> Result<StrConfig, ProtocolError> {
    let mut tokens = Tokens::new(&frame.payload).map(Result::ok);
    let mut flag = || match tokens.next().flatten() {
        Some(Token::Bool(flag)) => Some(flag),
        Some(Token::Int(number) | Token::Long(number)) => Some(number != 0),
        _ => None,
    };
    let flags = (flag(), flag());
    let end = (tokens.next().flatten(), tokens.next().flatten());
    match (flags, end) {
        ((Some(py2), Some(py3)), (Some(Token::BuildTuple(2)), Some(Token::Stop))) => {
            Ok(StrConfig {
                py2str_as_py3str: py2,
                py3str_as_py2str: py3,
            })
        }
        _ => Err(ProtocolError::NoSettings(frame.channel)),
    }
}

fn error_of(payload: &[u8]) -> RemoteError {
    let mut tokens = Tokens::new(payload).map(Result::ok);
    let (text, stop) = (tokens.next().flatten(), tokens.next().flatten());
    match (text, stop) {
        (Some(Token::Py3String(text) | Token::Unicode(text)), Some(Token::Stop)) => {
            RemoteError::cut_from(text, |part| String::from_utf8_lossy(part).into_owned())
        }
        // What Python 2 wrote is read as latin-1, where each byte is the character of that number.
        (Some(Token::Py2String(text)), Some(Token::Stop)) => RemoteError::cut_from(text, |part| {
            part.iter().map(|&byte| char::from(byte)).collect()
        }),
        _ => RemoteError::new("the peer closed the channel with an error that is no text"),
    }
}

/// A frame that ends the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The code is none of execnet's. Mostly that is text on the link that does not belong there, such as a
    /// banner: the message shows the nine bytes.
    UnknownCode(Header),
    /// RECONFIGURE for this channel without a tuple of two truth values.
    NoSettings(ChannelId),
    /// CREDIT for this channel without a number.
    NoCredit(ChannelId),
    /// The peer asks faster than it reads the answers.
    TooManyReplies {
        /// How many answers may wait to be written.
        limit: usize,
    },
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCode(header) => write!(
                f,
                "unknown message {} (text on the link that is no frame? \"{}\")",
                header.code,
                header.to_bytes().escape_ascii()
            ),
            Self::NoSettings(id) => write!(f, "RECONFIGURE of channel {} holds no settings", id.0),
            Self::NoCredit(id) => write!(f, "CREDIT of channel {} holds no number", id.0),
            Self::TooManyReplies { limit } => {
                write!(
                    f,
                    "the peer does not read: {limit} answers to it are waiting"
                )
            }
        }
    }
}

impl core::error::Error for ProtocolError {}
