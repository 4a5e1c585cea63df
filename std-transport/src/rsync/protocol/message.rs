//! The items on the channel: tuples that begin with a number.

use alloc::sync::Arc;

use embedded_io::Write;
use execnet_serializer::{Bytes, Dump, EncodeError, Encoder, Value};

use super::Violation;

const LIST: i64 = 2;
const DATA: i64 = 3;
const FINISH: i64 = 4;
const WANT: i64 = 10;
const ASK: i64 = 11;
const ACK: i64 = 12;
const NOTE: i64 = 13;
const DONE: i64 = 14;

/// From who has the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromSource {
    /// Sections and their entries. Shared: every target gets the same.
    List(Arc<Vec<u8>>),
    /// Segments, and the bytes they are about one after the other.
    Data { segments: Vec<u8>, body: Vec<u8> },
    /// All is said.
    Finish,
}

/// From who wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FromTarget {
    /// Requests for files.
    Want(Vec<u8>),
    /// The folders to list next, where the source waits to be asked.
    Ask(Vec<u8>),
    /// So many bytes of DATA were taken in all, and these files are settled.
    Ack { taken: u64, outcomes: Vec<u8> },
    /// Notes.
    Note(Vec<u8>),
    /// Everything is in its place.
    Done,
}

impl Dump for FromSource {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::List(sections) => (LIST, Bytes(sections.as_slice())).dump(encoder),
            Self::Data { segments, body } => dump_data(segments, body, encoder),
            Self::Finish => (FINISH,).dump(encoder),
        }
    }
}

/// DATA without an owner, so that the sender keeps its buffers.
pub(crate) fn dump_data<W: Write>(
    segments: &[u8],
    body: &[u8],
    encoder: &mut Encoder<W>,
) -> Result<(), EncodeError<W::Error>> {
    (DATA, Bytes(segments), Bytes(body)).dump(encoder)
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
    type Error = Violation;

    fn try_from(item: Value) -> Result<Self, Violation> {
        let mut fields = Fields::of(item)?;
        let message = match fields.number()? {
            LIST => Self::List(Arc::new(fields.bytes()?)),
            DATA => Self::Data {
                segments: fields.bytes()?,
                body: fields.bytes()?,
            },
            FINISH => Self::Finish,
            _ => return Err(Violation::Message),
        };
        fields.end(message)
    }
}

impl TryFrom<Value> for FromTarget {
    type Error = Violation;

    fn try_from(item: Value) -> Result<Self, Violation> {
        let mut fields = Fields::of(item)?;
        let message = match fields.number()? {
            WANT => Self::Want(fields.bytes()?),
            ASK => Self::Ask(fields.bytes()?),
            ACK => Self::Ack {
                taken: u64::try_from(fields.number()?).map_err(|_| Violation::Message)?,
                outcomes: fields.bytes()?,
            },
            NOTE => Self::Note(fields.bytes()?),
            DONE => Self::Done,
            _ => return Err(Violation::Message),
        };
        fields.end(message)
    }
}

/// The items of a tuple, taken one after the other.
struct Fields(alloc::vec::IntoIter<Value>);

impl Fields {
    fn of(item: Value) -> Result<Self, Violation> {
        match item {
            Value::Tuple(items) => Ok(Self(items.into_iter())),
            _ => Err(Violation::Message),
        }
    }

    fn number(&mut self) -> Result<i64, Violation> {
        self.0
            .next()
            .and_then(|value| value.as_i64())
            .ok_or(Violation::Message)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Violation> {
        match self.0.next() {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(Violation::Message),
        }
    }

    fn end<T>(mut self, message: T) -> Result<T, Violation> {
        self.0
            .next()
            .is_none()
            .then_some(message)
            .ok_or(Violation::Message)
    }
}
