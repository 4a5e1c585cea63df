//! The items of stock execnet's protocol for syncs.

use std::path::PathBuf;

use execnet_serializer::{Bytes, Dump, EncodeError, Encoder, Value};

use crate::rsync::beneath::path_of;
use crate::rsync::protocol::ProtocolError;

/// The first item: the path of the tree, and whether to delete.
pub(super) fn read_start(start: Value) -> Result<(PathBuf, bool), ProtocolError> {
    let Value::Tuple(fields) = start else {
        return Err(ProtocolError::Message);
    };
    let [place, options] = <[Value; 2]>::try_from(fields).map_err(|_| ProtocolError::Message)?;
    let options = options.as_dict().ok_or(ProtocolError::Message)?;
    let [key, key_of_python_2] = [Value::from("delete"), Value::Bytes(b"delete".to_vec())];
    let delete = options.get(&key).or_else(|| options.get(&key_of_python_2));
    let delete = delete.is_some_and(|delete| match delete {
        Value::Bool(delete) => *delete,
        other => !other.is_none(),
    });
    Ok((path_of(text(place)?), delete))
}

/// A path or other text; from Python 2 as bytes.
pub(super) fn text(value: Value) -> Result<Vec<u8>, ProtocolError> {
    match value {
        Value::Str(text) => Ok(String::from(text).into_bytes()),
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(ProtocolError::Message),
    }
}

/// A listed entry. Its name came with its folder.
pub(super) enum Listed {
    Folder { mode: u16, names: Vec<Vec<u8>> },
    File(File),
    Link,
}

/// A listed file; one that was removed in the meantime has no mode.
pub(super) struct File {
    pub(super) mode: Option<u16>,
    pub(super) mtime: f64,
    pub(super) size: u64,
}

impl TryFrom<Value> for Listed {
    type Error = ProtocolError;

    fn try_from(item: Value) -> Result<Self, ProtocolError> {
        match item {
            Value::None => Ok(Self::Link),
            Value::List(items) => {
                let mut items = items.into_iter();
                let mode = items
                    .next()
                    .and_then(|mode| mode.as_i64())
                    .ok_or(ProtocolError::Message)?;
                let names = items.map(text).collect::<Result<_, _>>()?;
                Ok(Self::Folder {
                    mode: mode_of(mode),
                    names,
                })
            }
            Value::Tuple(items) => match &items[..] {
                [mode, mtime, size] => {
                    let mtime = mtime
                        .as_f64()
                        .or_else(|| mtime.as_i64().map(|whole| whole as f64));
                    Ok(Self::File(File {
                        mode: mode.as_i64().map(mode_of),
                        mtime: mtime
                            .filter(|time| time.is_finite())
                            .ok_or(ProtocolError::Message)?,
                        size: size
                            .as_i64()
                            .and_then(|size| u64::try_from(size).ok())
                            .ok_or(ProtocolError::Message)?,
                    }))
                }
                _ => Err(ProtocolError::Message),
            },
            _ => Err(ProtocolError::Message),
        }
    }
}

/// Permission bits only: never setuid, setgid or sticky.
fn mode_of(mode: i64) -> u16 {
    u16::try_from(mode & 0o777).unwrap_or(0)
}

/// Converts seconds to nanoseconds. A float is accurate to some hundreds of these.
pub(super) fn nanoseconds(seconds: f64) -> i64 {
    let whole = seconds.floor();
    // `as` saturates at the ends of the range.
    (whole as i64)
        .saturating_mul(1_000_000_000)
        .saturating_add(((seconds - whole) * 1e9) as i64)
}

/// `("send", ([component, ...], digest or None))`
pub(super) struct Send<'a> {
    pub(super) path: &'a [u8],
    pub(super) digest: Option<[u8; 16]>,
}

impl Dump for Send<'_> {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.str("send")?;
        let components: Vec<_> = self.path.split(|&byte| byte == b'/').collect();
        let components = if self.path.is_empty() {
            &[][..]
        } else {
            &components
        };
        encoder.list(components.len())?;
        for (index, component) in components.iter().enumerate() {
            encoder.index(index)?;
            Text(component).dump(encoder)?;
            encoder.set_item()?;
        }
        self.digest.map(Bytes).dump(encoder)?;
        encoder.tuple(2)?;
        encoder.tuple(2)
    }
}

/// A path for the other side: as text if it is UTF-8, or as bytes.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Dump for Text<'_> {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        match core::str::from_utf8(self.0) {
            Ok(text) => encoder.str(text),
            Err(_) => encoder.bytes(self.0),
        }
    }
}
