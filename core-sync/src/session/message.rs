//! Frames with a parsed payload, and items with their cost.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig, Token, Tokens};

use super::references::references;
use super::{MAX_ERROR_TEXT, RemoteError};
use crate::frame::{Frame, Header, MessageCode};
use crate::memory;

/// A frame whose payload is parsed as far as the session needs it: the input of
/// [`Session::handle`](super::Session::handle).
///
/// Parsing needs no session, so that no payload is read while the session is locked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// The peer requests the status of this end.
    Status(ChannelId),
    /// The string settings of the gateway (id 0) or of one channel.
    Reconfigure(ChannelId, StrConfig),
    /// The peer exits.
    Terminate,
    /// The peer calls code. The payload is not parsed.
    Exec(ChannelId, Vec<u8>),
    /// An item.
    Data(ChannelId, EncodedItem),
    /// An item for which there is no memory.
    Unstored(ChannelId),
    /// The peer closed the channel.
    Close(ChannelId),
    /// The peer closed the channel with an error.
    CloseError(ChannelId, RemoteError),
    /// The peer sends no more on the channel.
    LastMessage(ChannelId),
    /// The peer's program has received items of this cost on the channel; see
    /// [`Session::with_credit`](super::Session::with_credit).
    Credit(ChannelId, u32),
}

/// Cost of an item in inbox limits and credit in addition to its encoded bytes: about the memory that storing it takes.
pub const ITEM_COST: usize = 64;

/// An encoded item, with the channels that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedItem {
    /// The encoded value.
    pub payload: Vec<u8>,
    /// The ids of the channels in it, each once.
    pub references: Vec<ChannelId>,
}

impl Message {
    /// The channel that it is about; 0 for the gateway.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        match *self {
            Self::Terminate => ChannelId(0),
            Self::Status(id)
            | Self::Reconfigure(id, _)
            | Self::Exec(id, _)
            | Self::Data(id, _)
            | Self::Unstored(id)
            | Self::Close(id)
            | Self::CloseError(id, _)
            | Self::LastMessage(id)
            | Self::Credit(id, _) => id,
        }
    }

    /// Checks a header before its payload is read. `credit` tells whether the ends agreed on credit, which stock
    /// execnet does not have.
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

    /// Parses a frame.
    ///
    /// # Errors
    ///
    /// The code is unknown, or the payload of a RECONFIGURE or CREDIT is malformed. A malformed item is not a protocol
    /// error: `receive` reports it. A CLOSE_ERROR whose payload is not text closes the channel with an error that says
    /// so. Of a long text the beginning and the end are kept, see [`MAX_ERROR_TEXT`](super::MAX_ERROR_TEXT).
    pub fn parse(frame: Frame) -> Result<Self, ProtocolError> {
        let id = frame.channel;
        Ok(match frame.code {
            MessageCode::Status => Self::Status(id),
            MessageCode::Reconfigure => Self::Reconfigure(id, settings(&frame)?),
            MessageCode::GatewayTerminate => Self::Terminate,
            MessageCode::ChannelExec => Self::Exec(id, frame.payload),
            // Scanned for channels here, unlocked, and not decoded: the thread that receives the item does that.
            MessageCode::ChannelData => EncodedItem::new(frame.payload)
                .map_or(Self::Unstored(id), |item| Self::Data(id, item)),
            MessageCode::ChannelClose => Self::Close(id),
            MessageCode::ChannelCloseError => Self::CloseError(id, error_of(&frame.payload)),
            MessageCode::ChannelLastMessage => Self::LastMessage(id),
            MessageCode::ChannelCredit => Self::Credit(id, credit(&frame)?),
            MessageCode::Unknown(_) => return Err(ProtocolError::UnknownCode(frame.header())),
        })
    }
}

impl EncodedItem {
    /// An item with this encoded value, which is scanned for the channels that it names. `None` if there is no memory for
    /// their ids.
    #[must_use]
    pub fn new(payload: Vec<u8>) -> Option<Self> {
        let references = references(&payload)?;
        Some(Self {
            payload,
            references,
        })
    }

    /// Its cost in inbox limits and credit, in bytes.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.payload.len().saturating_add(ITEM_COST)
    }
}

// The payloads below are read as tokens, which borrow from the frame: a peer cannot make them cost memory, as it could
// with a value of nested collections.

fn credit(frame: &Frame) -> Result<u32, ProtocolError> {
    let mut tokens = Tokens::new(&frame.payload).map(Result::ok);
    match (tokens.next().flatten(), tokens.next().flatten()) {
        (Some(Token::Int(number)), Some(Token::Stop)) => u32::try_from(number).ok(),
        _ => None,
    }
    .ok_or(ProtocolError::NoCredit(frame.channel))
}

/// A tuple of two bools. Stock execnet also accepts ints.
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
        // The decoded text, and the parts that it is made of.
        (Some(text), Some(Token::Stop)) if !memory::has_block(4 * kept_of(&text)) => {
            RemoteError::new(
                "the peer closed the channel with an error for which there is no memory",
            )
        }
        (Some(Token::Py3String(text) | Token::Unicode(text)), Some(Token::Stop)) => {
            RemoteError::cut_from(text, |part| String::from_utf8_lossy(part).into_owned())
        }
        // The bytes of a Python 2 string are read as Latin-1: each byte is the code point of a character.
        (Some(Token::Py2String(text)), Some(Token::Stop)) => RemoteError::cut_from(text, |part| {
            part.iter().map(|&byte| char::from(byte)).collect()
        }),
        // The channel has ended in any case, and the text is for people: not worth the end of the whole gateway.
        _ => RemoteError::new("the peer closed the channel with an error that is not text"),
    }
}

/// Number of bytes of a text that are kept.
fn kept_of(token: &Token<'_>) -> usize {
    match token {
        Token::Py3String(text) | Token::Unicode(text) | Token::Py2String(text) => {
            text.len().min(MAX_ERROR_TEXT)
        }
        _ => 0,
    }
}

/// A frame that ends the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The code is not one of execnet's. Usually text such as a banner got on the link: the message shows the nine bytes.
    UnknownCode(Header),
    /// The payload of a RECONFIGURE of this channel is not a tuple of two bools.
    NoSettings(ChannelId),
    /// The payload of a CREDIT of this channel is not a number.
    NoCredit(ChannelId),
    /// The peer sends requests and does not read the answers.
    TooManyReplies {
        /// The number of answers that may wait to be written.
        limit: usize,
    },
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCode(header) => write!(
                f,
                "unknown message {} (is this text on the link: \"{}\"?)",
                header.code,
                header.to_bytes().escape_ascii()
            ),
            Self::NoSettings(id) => write!(f, "malformed RECONFIGURE of channel {}", id.0),
            Self::NoCredit(id) => write!(f, "malformed CREDIT of channel {}", id.0),
            Self::TooManyReplies { limit } => {
                write!(f, "the peer does not read: {limit} answers are unwritten")
            }
        }
    }
}

impl core::error::Error for ProtocolError {}
