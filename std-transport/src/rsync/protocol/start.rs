//! What the side that begins a sync tells the other, and its answer.

use std::io;

use execnet_serializer::{Dict, Value};

use super::{ProtocolError, VERSION};
use crate::printable::printable;
use crate::rsync::origin::Origin;

/// The first item: from the controller, whichever way the files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) role: Role,
    /// Where the worker's tree is, by its own paths.
    pub(crate) path: Vec<u8>,
    pub(crate) settings: Settings,
    /// Where the source is, for a target that deletes.
    pub(crate) origin: Option<Origin>,
}

/// What the worker is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// It takes the tree whose root this is.
    Target { root: Vec<u8> },
    /// It has the tree, and lists all of it, or the folders that it is asked for.
    Source { asked: bool },
}

/// What both sides have to know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Remove what the source does not have.
    pub(crate) delete: bool,
    /// Compare content where the size is the same, and not times.
    pub(crate) checksum: bool,
    /// Find out what would be done.
    pub(crate) dry_run: bool,
    /// Keep setuid, setgid and sticky bits of files.
    pub(crate) special_modes: bool,
    /// Keep holes of files.
    pub(crate) sparse: bool,
    /// Keep files that have several names in the tree one file.
    pub(crate) hard_links: bool,
    /// Have the system write everything to the disk before the end.
    pub(crate) fsync: bool,
    /// How many bytes of DATA the source may send ahead of the target's ACK.
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

/// The worker's first item: whether it can do what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ready {
    /// The root of the tree, where the worker has it.
    pub(crate) root: Option<Vec<u8>>,
    /// Where the source is, for a target that deletes.
    pub(crate) origin: Option<Origin>,
    /// Why the worker cannot open its place, as text; nothing else follows then.
    pub(crate) error: Option<Vec<u8>>,
}

impl Ready {
    /// The place cannot be opened.
    pub(crate) fn refusal(error: &io::Error) -> Self {
        let error = Some(error.to_string().into_bytes());
        Self {
            error,
            ..Self::default()
        }
    }

    /// Takes the worker's word for why it cannot begin, if it cannot.
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
        pairs.push(("above", Value::Bytes(origin.above.clone())));
    }
}

fn dict(pairs: Vec<(&str, Value)>) -> Value {
    let mut dict = Dict::new();
    for (key, value) in pairs {
        // Text is always a key.
        let _ = dict.insert(Value::from(key), value);
    }
    Value::Dict(dict)
}

/// A dict by its text keys; keys that are not known are a later version's matter.
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
        let (host, above) = (self.bytes("host").ok()?, self.bytes("above").ok()?);
        Some(Origin { host, above })
    }

    fn bytes(&self, key: &str) -> Result<Vec<u8>, ProtocolError> {
        self.get(key)?
            .as_bytes()
            .map(<[u8]>::to_vec)
            .ok_or(ProtocolError::Message)
    }
}
