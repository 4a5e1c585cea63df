//! The messages: tuples whose first item is the code.

use alloc::sync::Arc;
use core::convert::Infallible;
use core::ops::Range;

use embedded_io::Write;
use execnet_serializer::{
    Bytes, Dump, DumpError, EncodeError, Encoder, LoadOptions, StrConfig, Token, Tokens, Value,
};

use super::ProtocolError;

const LIST: i64 = 2;
const DATA: i64 = DATA_CODE as i64;
const DATA_CODE: i32 = 3;
const FINISH: i64 = 4;
const WANT: i64 = 10;
const ASK: i64 = 11;
const ACK: i64 = 12;
const NOTE: i64 = 13;
const DONE: i64 = 14;

/// A message of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromSource {
    /// Sections and their entries. Shared: every target gets the same.
    List(Arc<Vec<u8>>),
    /// Segments, and their bytes one after the other.
    Data(Content),
    /// The end of the sync.
    Finish,
}

/// A message of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromTarget {
    /// Requests for files.
    Want(Vec<u8>),
    /// Requests for listings of folders.
    Ask(Vec<u8>),
    /// The number of bytes of DATA taken in total, and results of files.
    Ack { taken: u64, outcomes: Vec<u8> },
    /// Notes.
    Note(Vec<u8>),
    /// The tree is complete.
    Done,
}

/// Segments and their body, in the buffer in which they were received: copying them would cost the most of a sync.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    bytes: Vec<u8>,
    segments: Range<usize>,
    body: Range<usize>,
}

impl Content {
    /// Copies both into one buffer.
    pub(crate) fn new(segments: Vec<u8>, body: &[u8]) -> Self {
        let mut bytes = segments;
        let between = bytes.len();
        bytes.extend_from_slice(body);
        let end = bytes.len();
        Self {
            bytes,
            segments: 0..between,
            body: between..end,
        }
    }

    /// Finds them in an encoded item; gives the item back if it is not DATA.
    fn find(item: Vec<u8>) -> Result<Self, Vec<u8>> {
        match find(&item) {
            Some((segments, body)) => Ok(Self {
                bytes: item,
                segments,
                body,
            }),
            None => Err(item),
        }
    }

    pub(crate) fn segments(&self) -> &[u8] {
        self.bytes.get(self.segments.clone()).unwrap_or_default()
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.body.clone()).unwrap_or_default()
    }
}

/// Compares the bytes, and not where they are in the buffer.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        (self.segments(), self.body()) == (other.segments(), other.body())
    }
}

impl Eq for Content {}

/// The ranges of segments and body in an encoded item; `None` if it is not DATA.
fn find(item: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let mut tokens = Tokens::new(item);
    let Token::Int(DATA_CODE) = tokens.next()?.ok()? else {
        return None;
    };
    let segments = range(&mut tokens)?;
    let body = range(&mut tokens)?;
    let (end, stop) = (tokens.next()?.ok()?, tokens.next()?.ok()?);
    (end == Token::BuildTuple(3) && stop == Token::Stop).then_some((segments, body))
}

/// The range of the next BYTES token, which ends where the following token begins.
fn range(tokens: &mut Tokens<'_>) -> Option<Range<usize>> {
    let Token::Bytes(bytes) = tokens.next()?.ok()? else {
        return None;
    };
    let end = tokens.offset();
    Some(end.checked_sub(bytes.len())?..end)
}

impl Dump for FromSource {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::List(sections) => (LIST, Bytes(sections.as_slice())).dump(encoder),
            Self::Data(content) => dump_data(content.segments(), content.body(), encoder),
            Self::Finish => (FINISH,).dump(encoder),
        }
    }
}

/// Encodes DATA from borrowed buffers, which the sender reuses.
pub(crate) fn dump_data<W: Write>(
    segments: &[u8],
    body: &[u8],
    encoder: &mut Encoder<W>,
) -> Result<(), EncodeError<W::Error>> {
    (DATA, Bytes(segments), Bytes(body)).dump(encoder)
}

/// Encodes DATA whose body has `len` bytes, of which `body` are the first: returns the bytes before and after the rest.
///
/// # Errors
/// An item cannot have that many bytes.
pub(crate) fn split_data(
    segments: &[u8],
    body: &[u8],
    len: usize,
) -> Result<(Vec<u8>, Vec<u8>), DumpError> {
    encode_split(segments, body, len).map_err(EncodeError::into_value_error)
}

fn encode_split(
    segments: &[u8],
    body: &[u8],
    len: usize,
) -> Result<(Vec<u8>, Vec<u8>), EncodeError<Infallible>> {
    let mut head = Encoder::new(Vec::with_capacity(64 + segments.len() + body.len()));
    DATA.dump(&mut head)?;
    head.bytes(segments)?;
    head.begin_bytes(len)?;
    let mut head = head.into_inner();
    head.extend_from_slice(body);
    let mut tail = Encoder::new(Vec::new());
    tail.tuple(3)?;
    tail.stop()?;
    Ok((head, tail.into_inner()))
}

impl Dump for FromTarget {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Want(wants) => (WANT, Bytes(wants)).dump(encoder),
            Self::Ask(folders) => (ASK, Bytes(folders)).dump(encoder),
            Self::Ack { taken, outcomes } => (ACK, *taken, Bytes(outcomes)).dump(encoder),
            Self::Note(notes) => (NOTE, Bytes(notes)).dump(encoder),
            Self::Done => (DONE,).dump(encoder),
        }
    }
}

impl TryFrom<Value> for FromSource {
    type Error = ProtocolError;

    fn try_from(item: Value) -> Result<Self, ProtocolError> {
        let mut fields = Fields::of(item)?;
        let message = match fields.number()? {
            LIST => Self::List(Arc::new(fields.bytes()?)),
            DATA => Self::Data(Content::new(fields.bytes()?, &fields.bytes()?)),
            FINISH => Self::Finish,
            _ => return Err(ProtocolError::Message),
        };
        fields.end(message)
    }
}

/// From an encoded item.
impl TryFrom<Vec<u8>> for FromSource {
    type Error = ProtocolError;

    fn try_from(item: Vec<u8>) -> Result<Self, ProtocolError> {
        let item = match Content::find(item) {
            Ok(content) => return Ok(Self::Data(content)),
            Err(item) => item,
        };
        let options = LoadOptions::wire().with_strings(StrConfig::STORED);
        let value = options.loads(&item);
        Self::try_from(value.map_err(|_| ProtocolError::Message)?)
    }
}

impl TryFrom<Value> for FromTarget {
    type Error = ProtocolError;

    fn try_from(item: Value) -> Result<Self, ProtocolError> {
        let mut fields = Fields::of(item)?;
        let message = match fields.number()? {
            WANT => Self::Want(fields.bytes()?),
            ASK => Self::Ask(fields.bytes()?),
            ACK => Self::Ack {
                taken: u64::try_from(fields.number()?).map_err(|_| ProtocolError::Message)?,
                outcomes: fields.bytes()?,
            },
            NOTE => Self::Note(fields.bytes()?),
            DONE => Self::Done,
            _ => return Err(ProtocolError::Message),
        };
        fields.end(message)
    }
}

/// Takes the items of a tuple one after the other.
struct Fields(alloc::vec::IntoIter<Value>);

impl Fields {
    fn of(item: Value) -> Result<Self, ProtocolError> {
        match item {
            Value::Tuple(items) => Ok(Self(items.into_iter())),
            _ => Err(ProtocolError::Message),
        }
    }

    fn number(&mut self) -> Result<i64, ProtocolError> {
        self.0
            .next()
            .and_then(|value| value.as_i64())
            .ok_or(ProtocolError::Message)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, ProtocolError> {
        match self.0.next() {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(ProtocolError::Message),
        }
    }

    fn end<T>(mut self, message: T) -> Result<T, ProtocolError> {
        self.0
            .next()
            .is_none()
            .then_some(message)
            .ok_or(ProtocolError::Message)
    }
}
