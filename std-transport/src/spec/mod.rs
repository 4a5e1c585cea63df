//! Specs: texts that say which worker to start, and where.

mod builder;
mod error;
mod into;
pub(crate) mod keys;
#[cfg(test)]
mod tests;
mod text;

pub use error::SpecError;
pub use into::IntoXSpec;

use alloc::collections::BTreeMap;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use std::ffi::{OsStr, OsString};

use crate::sys;

/// The problem of a key that needs a value.
pub(crate) const NO_VALUE: &str = "it has no value";

/// A parsed spec: `key=value//key=value`, as execnet writes it.
///
/// A key without `=` is a flag. `env:NAME=value` sets an environment variable and may be repeated; of two with the same
/// name the last one is used. Two slashes in a value are written as four: `env:URL=http:////host`. Unknown keys are
/// kept, as in execnet; [`check_keys`](Self::check_keys) finds them. Two specs are equal if their texts are equal.
///
/// A program builds specs with [`popen`](Self::popen), [`ssh`](Self::ssh) or [`with_transport`](Self::with_transport)
/// and the methods that follow these. They escape values.
///
/// # Paths that are not UTF-8
///
/// A path or program of this machine may be any bytes: in [`python`](Self::python), [`chdir`](Self::chdir) and `worker`
/// of a `popen` gateway without `sudo`, `su`, `doas` and `via`, in `ssh` and `ssh_config`, and in `tls_ca`, `tls_cert`, `tls_key` and
/// `token_file`. [`set_os`](Self::set_os) sets such a value, and `TryFrom<&OsStr>` reads a whole spec. All other values
/// are sent to another machine as text: [`Group::make_gateway`](crate::Group::make_gateway) returns
/// [`SpecError::NotUtf8`].
///
/// ```
/// use execnet::XSpec;
/// let spec: XSpec = "popen//python=python3.12 -X dev//env:LANG=C".parse()?;
/// assert!(spec.has("popen"));
/// assert_eq!(spec.get("python"), Some("python3.12 -X dev"));
/// assert_eq!(spec.env()["LANG"], "C");
/// # Ok::<(), execnet::SpecError>(())
/// ```
#[derive(Clone)]
pub struct XSpec {
    text: String,
    keys: BTreeMap<String, Option<String>>,
    /// The values that are not UTF-8. Their keys have no value in `keys`, so that no code can use them as text.
    os: BTreeMap<String, OsString>,
    env: BTreeMap<String, String>,
}

impl XSpec {
    /// Whether the spec has the key, with a value or without.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The value of a key; `None` also for a flag, and for a value that is not UTF-8.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key)?.as_deref()
    }

    /// The value of a key, in UTF-8 or not; `None` also for a flag.
    #[must_use]
    pub fn get_os(&self, key: &str) -> Option<&OsStr> {
        let bytes = self.os.get(key).map(OsString::as_os_str);
        bytes.or_else(|| self.get(key).map(OsStr::new))
    }

    /// The variables of the `env:` keys.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// All keys except `env:` keys, sorted, with their values as [`get`](Self::get) returns them.
    pub fn keys(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.keys
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// The text of the spec; bytes that are not UTF-8 are replaced by U+FFFD.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns [`SpecError::UnknownKey`] for the first key that this release does not know.
    ///
    /// Parsing keeps such keys, and [`Group::make_gateway`](crate::Group::make_gateway) logs a warning. A program that
    /// gets specs from people can call this to find typing errors.
    ///
    /// ```
    /// let spec: execnet::XSpec = "popen//pyhton=python3.12".parse()?;
    /// let error = spec.check_keys().unwrap_err();
    /// assert_eq!(error.to_string(), r#"unknown key "pyhton" in a spec; did you mean "python"?"#);
    /// # Ok::<(), execnet::SpecError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A key is unknown.
    pub fn check_keys(&self) -> Result<(), SpecError> {
        match self.keys.keys().find(|key| !keys::is_known(key)) {
            None => Ok(()),
            Some(key) => Err(SpecError::UnknownKey {
                nearest: keys::nearest(key),
                key: key.clone(),
            }),
        }
    }

    /// The value of a key that needs one.
    pub(crate) fn required(&self, key: &'static str) -> Result<&str, SpecError> {
        let value = self.get(key);
        value.ok_or_else(|| SpecError::value(key, NO_VALUE))
    }

    /// The value of a key that names a file.
    pub(crate) fn required_path(&self, key: &'static str) -> Result<&OsStr, SpecError> {
        let value = self.get_os(key);
        value.ok_or_else(|| SpecError::value(key, NO_VALUE))
    }

    /// Whether the worker runs as another user.
    pub(crate) fn changes_account(&self) -> bool {
        keys::ACCOUNT_KEYS.iter().any(|key| self.has(key))
    }

    /// Whether the worker is the running program itself: `worker=self`.
    pub(crate) fn runs_this_program(&self) -> bool {
        self.get("worker") == Some("self")
    }

    /// A copy with another value for a key, for internal use: the text does not change.
    #[cfg(feature = "self-exec")]
    pub(crate) fn with(&self, key: &str, value: impl Into<OsString>) -> Self {
        let mut spec = self.clone();
        spec.insert(key, Some(value.into()));
        spec
    }

    /// Returns an error for a known key that would have no effect: without a value that it needs, or with a transport
    /// that does not use it.
    pub(crate) fn check_effect(&self) -> Result<(), SpecError> {
        match keys::without_effect(self) {
            None => Ok(()),
            Some((key, problem)) => Err(SpecError::value(key, problem)),
        }
    }

    /// Returns an error for a value that is not UTF-8 but is sent to another machine as text.
    pub(crate) fn check_utf8(&self) -> Result<(), SpecError> {
        match self.os.keys().find(|key| !self.stays_here(key)) {
            None => Ok(()),
            Some(key) => Err(SpecError::NotUtf8(key.clone())),
        }
    }

    /// Whether the value of this key is used on this machine only, by system calls, which take any bytes.
    fn stays_here(&self, key: &str) -> bool {
        let proxied = self.has("via") || self.has("installvia");
        match key {
            "tls_ca" | "tls_cert" | "tls_key" | "token_file" => true,
            "ssh" | "ssh_config" => !proxied,
            // As another user, they are part of a shell script.
            "python" | "worker" | "chdir" => {
                self.has("popen") && !proxied && !self.changes_account()
            }
            _ => false,
        }
    }

    fn empty() -> Self {
        Self {
            text: String::new(),
            keys: BTreeMap::new(),
            os: BTreeMap::new(),
            env: BTreeMap::new(),
        }
    }

    fn read(text: &[u8]) -> Result<Self, SpecError> {
        let mut spec = Self {
            text: String::from_utf8_lossy(text).into_owned(),
            ..Self::empty()
        };
        text::split(text).try_for_each(|part| spec.add(&part))?;
        Ok(spec)
    }

    fn add(&mut self, part: &[u8]) -> Result<(), SpecError> {
        let mut halves = part.splitn(2, |&byte| byte == b'=');
        let key = utf8("", halves.next().unwrap_or_default())?;
        let value = halves.next();
        if key.is_empty() {
            return Err(SpecError::EmptyKey);
        }
        if key.starts_with('_') {
            return Err(SpecError::Underscore(key.to_owned()));
        }
        match (key.strip_prefix("env:"), value) {
            (Some(name), Some(value)) if is_variable(name, value) => {
                let value = utf8(key, value)?.to_owned();
                self.env.insert(name.to_owned(), value);
                Ok(())
            }
            (Some(_), _) => Err(SpecError::Variable(key.to_owned())),
            (None, _) => self.add_key(key, value),
        }
    }

    fn add_key(&mut self, key: &str, value: Option<&[u8]>) -> Result<(), SpecError> {
        // In execnet, `env` is the attribute that holds the variables, so that a key of this name is a duplicate.
        if key == "env" || self.keys.contains_key(key) {
            return Err(SpecError::Duplicate(key.to_owned()));
        }
        self.insert(key, value.map(sys::os_string));
        Ok(())
    }

    /// Sets a key. Returns whether it was set before.
    fn insert(&mut self, key: &str, value: Option<OsString>) -> bool {
        // A value that was not UTF-8 must not outlive its replacement.
        self.os.remove(key);
        let value = value.and_then(|value| match value.into_string() {
            Ok(text) => Some(text),
            Err(bytes) => {
                self.os.insert(key.to_owned(), bytes);
                None
            }
        });
        self.keys.insert(key.to_owned(), value).is_some()
    }
}

/// Whether a process can have such an environment variable.
fn is_variable(name: &str, value: &[u8]) -> bool {
    !name.is_empty() && !name.contains('\0') && !value.contains(&0)
}

/// A key, if `key` is empty, or the value of that key, as text.
fn utf8<'a>(key: &str, bytes: &'a [u8]) -> Result<&'a str, SpecError> {
    str::from_utf8(bytes).map_err(|_| {
        let name = match key {
            "" => String::from_utf8_lossy(bytes).into_owned(),
            key => key.to_owned(),
        };
        SpecError::NotUtf8(name)
    })
}

impl Default for XSpec {
    /// `popen`: an interpreter on this machine.
    fn default() -> Self {
        Self {
            text: "popen".to_owned(),
            keys: BTreeMap::from([("popen".to_owned(), None)]),
            ..Self::empty()
        }
    }
}

impl FromStr for XSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        Self::read(text.as_bytes())
    }
}

/// For a spec that may contain paths that are not UTF-8, such as an argument of a command line.
impl TryFrom<&OsStr> for XSpec {
    type Error = SpecError;

    fn try_from(text: &OsStr) -> Result<Self, SpecError> {
        Self::read(sys::os_bytes(text))
    }
}

/// The text without the values of `env:` keys, which may be secrets; [`as_str`](XSpec::as_str) includes them.
impl fmt::Display for XSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in text::split(self.text.as_bytes()).enumerate() {
            let part = String::from_utf8_lossy(&part);
            if number > 0 {
                f.write_str("//")?;
            }
            match part.split_once('=') {
                Some((key, _)) if key.starts_with("env:") => write!(f, "{key}=...")?,
                _ => f.write_str(&text::escape(&part))?,
            }
        }
        Ok(())
    }
}

/// As `Display`: without the values of `env:` keys.
impl fmt::Debug for XSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XSpec({self})")
    }
}

impl PartialEq for XSpec {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.os == other.os
    }
}

impl Eq for XSpec {}

impl Hash for XSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal specs have equal texts. That `os` is left out only makes collisions possible.
        self.text.hash(state);
    }
}
