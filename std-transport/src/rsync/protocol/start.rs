//! The first item of each side: the settings of a sync, and the answer.

use std::io;

use execnet_serializer::{Dict, Value};

use super::{ProtocolError, VERSION};
use crate::printable::printable;
use crate::rsync::origin::Origin;

/// The first item, from the controller in both directions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) role: Role,
    /// The path of the worker's tree.
    pub(crate) path: Vec<u8>,
    pub(crate) settings: Settings,
    /// The location of the source, if the worker is the target of a directory.
    pub(crate) origin: Option<Origin>,
}

/// The role of the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// It takes a tree with this root.
    Target { root: Vec<u8> },
    /// It sends a tree, and lists all of it, or if `asked` is set only folders that are requested.
    Source { asked: bool },
}

/// Settings that both sides need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Delete entries that the source does not have.
    pub(crate) delete: bool,
    /// Compare files of the same size by content instead of time.
    pub(crate) checksum: bool,
    /// Change nothing, and report what would be done.
    pub(crate) dry_run: bool,
    /// Keep setuid, setgid and sticky bits of files.
    pub(crate) special_modes: bool,
    /// Keep holes of files.
    pub(crate) sparse: bool,
    /// Keep hard links.
    pub(crate) hard_links: bool,
    /// Write everything to the disk before the end.
    pub(crate) fsync: bool,
    /// Maximum number of bytes of DATA that the source may send ahead of the target's ACK.
    pub(crate) window: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            delete: false,
            checksum: false,
            dry_run: false,
            special_modes: false,
            sparse: false,
            hard_links: false,
            fsync: false,
            window: 4 << 20,
        }
    }
}

impl Settings {
    /// The permission bits that are kept of a file.
    pub(crate) const fn file_mode(&self, mode: u16) -> u16 {
        mode & if self.special_modes { 0o7777 } else { 0o777 }
    }
}

impl Start {
    pub(crate) fn to_value(&self) -> Value {
        let settings = &self.settings;
        let mut pairs = vec![
            ("version", Value::from(VERSION)),
            ("path", Value::Bytes(self.path.clone())),
            ("delete", Value::Bool(settings.delete)),
            ("checksum", Value::Bool(settings.checksum)),
            ("dry_run", Value::Bool(settings.dry_run)),
            ("special_modes", Value::Bool(settings.special_modes)),
            ("sparse", Value::Bool(settings.sparse)),
            ("hard_links", Value::Bool(settings.hard_links)),
            ("fsync", Value::Bool(settings.fsync)),
            ("window", Value::from(settings.window)),
        ];
        match &self.role {
            Role::Target { root } => pairs.push(("root", Value::Bytes(root.clone()))),
            Role::Source { asked } => pairs.push(("asked", Value::Bool(*asked))),
        }
        put_origin(&mut pairs, self.origin.as_ref());
        dict(pairs)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, ProtocolError> {
        let start = Answers::of(value)?;
        if start.number("version")? != VERSION {
            return Err(ProtocolError::Version);
        }
        let role = match start.bytes("root") {
            Ok(root) => Role::Target { root },
            Err(_) => Role::Source {
                asked: start.flag("asked")?,
            },
        };
        let settings = Settings {
            delete: start.flag("delete")?,
            checksum: start.flag("checksum")?,
            dry_run: start.flag("dry_run")?,
            special_modes: start.flag("special_modes")?,
            sparse: start.flag("sparse")?,
            hard_links: start.flag("hard_links")?,
            fsync: start.flag("fsync")?,
            window: u64::try_from(start.number("window")?).map_err(|_| ProtocolError::Message)?,
        };
        Ok(Self {
            role,
            path: start.bytes("path")?,
            settings,
            origin: start.origin(),
        })
    }
}

/// The worker's first item: whether it can begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ready {
    /// The root of the tree, from a source.
    pub(crate) root: Option<Vec<u8>>,
    /// The location of the source, if that is a directory.
    pub(crate) origin: Option<Origin>,
    /// Why the worker cannot open its tree, as text. It is the last item then.
    pub(crate) error: Option<Vec<u8>>,
}

impl Ready {
    /// The tree cannot be opened.
    pub(crate) fn refusal(error: &io::Error) -> Self {
        let error = Some(error.to_string().into_bytes());
        Self {
            error,
            ..Self::default()
        }
    }

    /// The error of the worker, if it cannot begin.
    pub(crate) fn accepted(self) -> io::Result<Self> {
        match self.error {
            Some(error) => Err(io::Error::other(printable(&error))),
            None => Ok(self),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut pairs = vec![("version", Value::from(VERSION))];
        if let Some(root) = &self.root {
            pairs.push(("root", Value::Bytes(root.clone())));
        }
        if let Some(error) = &self.error {
            pairs.push(("error", Value::Bytes(error.clone())));
        }
        put_origin(&mut pairs, self.origin.as_ref());
        dict(pairs)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, ProtocolError> {
        let ready = Answers::of(value)?;
        if ready.number("version")? != VERSION {
            return Err(ProtocolError::Version);
        }
        Ok(Self {
            root: ready.bytes("root").ok(),
            origin: ready.origin(),
            error: ready.bytes("error").ok(),
        })
    }
}

fn put_origin(pairs: &mut Vec<(&str, Value)>, origin: Option<&Origin>) {
    if let Some(origin) = origin {
        pairs.push(("host", Value::Bytes(origin.host.clone())));
        pairs.push(("here", Value::Bytes(origin.root.clone())));
        pairs.push(("filtered", Value::Bool(origin.filtered)));
        pairs.push(("above", Value::Bytes(origin.above.clone())));
    }
}

fn dict(pairs: Vec<(&str, Value)>) -> Value {
    let mut dict = Dict::new();
    for (key, value) in pairs {
        // Text is hashable.
        let _ = dict.insert(Value::from(key), value);
    }
    Value::Dict(dict)
}

/// Reads a dict by its text keys. Unknown keys are ignored: later versions may add some.
struct Answers<'a>(&'a Dict);

impl<'a> Answers<'a> {
    fn of(value: &'a Value) -> Result<Self, ProtocolError> {
        value.as_dict().map(Self).ok_or(ProtocolError::Message)
    }

    fn get(&self, key: &str) -> Result<&'a Value, ProtocolError> {
        self.0.get(&Value::from(key)).ok_or(ProtocolError::Message)
    }

    fn number(&self, key: &str) -> Result<i64, ProtocolError> {
        self.get(key)?.as_i64().ok_or(ProtocolError::Message)
    }

    fn flag(&self, key: &str) -> Result<bool, ProtocolError> {
        self.get(key)?.as_bool().ok_or(ProtocolError::Message)
    }

    fn origin(&self) -> Option<Origin> {
        Some(Origin {
            host: self.bytes("host").ok()?,
            root: self.bytes("here").ok()?,
            filtered: self.flag("filtered").unwrap_or(false),
            above: self.bytes("above").unwrap_or_default(),
        })
    }

    fn bytes(&self, key: &str) -> Result<Vec<u8>, ProtocolError> {
        self.get(key)?
            .as_bytes()
            .map(<[u8]>::to_vec)
            .ok_or(ProtocolError::Message)
    }
}
