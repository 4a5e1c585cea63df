//! The text that says where and how to start an interpreter.

mod builder;
mod error;
pub(crate) mod keys;
mod text;

pub use error::SpecError;

use alloc::collections::BTreeMap;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// A parsed spec: `key=value//key=value`, as execnet writes it.
///
/// A key without `=` is a flag. `env:NAME=value` sets an environment variable and may be repeated; of two for one
/// name the last holds. Two slashes in a value are written as four: `env:URL=http:////host`. Unknown keys are kept, as
/// execnet keeps them; [`check_keys`](Self::check_keys) finds them. Two specs are equal when they are written the same.
///
/// A program builds specs with [`popen`](Self::popen), [`ssh`](Self::ssh) or [`with_transport`](Self::with_transport)
/// and the methods that follow these, and needs no quoting.
///
/// # Paths that are not UTF-8
///
/// A path or program of this machine may be any bytes: in [`python`](Self::python), [`chdir`](Self::chdir) and `worker`
/// of a `popen` gateway without `sudo` and `via`, in `ssh` and `ssh_config`, and in `tls_ca`, `tls_cert`, `tls_key` and
/// `token_file`. [`set_os`](Self::set_os) sets such a value, and `TryFrom<&OsStr>` reads a whole spec. Elsewhere, where
/// another machine gets the value as text, [`Group::make_gateway`](crate::Group::make_gateway) refuses it with
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
    /// The values that are not UTF-8. Their keys have no value in `keys`, so that no code takes them for text.
    os: BTreeMap<String, OsString>,
    env: BTreeMap<String, String>,
}

impl XSpec {
    /// Whether the key is there, with a value or without.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The value of a key; none for a flag too, and for a value that is not UTF-8.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key)?.as_deref()
    }

    /// The value of a key, whatever its bytes are; none for a flag too.
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

    /// All keys but those of the environment, sorted, with the values of those that have one, as [`get`](Self::get)
    /// returns them.
    pub fn keys(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.keys
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_deref()))
    }

    /// The spec as it was written; what is not UTF-8 is replaced by U+FFFD.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns [`SpecError::UnknownKey`] for the first key that has no meaning in this release.
    ///
    /// Such keys are kept when a spec is parsed, and [`Group::make_gateway`](crate::Group::make_gateway) logs a warning. A
    /// program that takes specs from people calls this to find their typing errors.
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

    /// Whether the worker is the running program itself: `worker=self`.
    pub(crate) fn runs_this_program(&self) -> bool {
        self.get("worker") == Some("self")
    }

    /// The same with another value for a key; the text stays as it was written.
    pub(crate) fn with(&self, key: &str, value: impl Into<OsString>) -> Self {
        let mut spec = self.clone();
        spec.insert(key, Some(value.into()));
        spec
    }

    /// Refuses known keys that would have no effect: without the value that they need, or with a transport that they do
    /// not go with.
    pub(crate) fn check_effect(&self) -> Result<(), SpecError> {
        match keys::without_effect(self) {
            None => Ok(()),
            Some((key, problem)) => Err(SpecError::Value { key, problem }),
        }
    }

    /// Refuses a value that is not UTF-8 where another machine would get it as text.
    pub(crate) fn check_utf8(&self) -> Result<(), SpecError> {
        match self.os.keys().find(|key| !self.stays_here(key)) {
            None => Ok(()),
            Some(key) => Err(SpecError::NotUtf8(key.clone())),
        }
    }

    /// Whether the value of this key is for this machine alone, whose system takes any bytes.
    fn stays_here(&self, key: &str) -> bool {
        let proxied = self.has("via") || self.has("installvia");
        match key {
            "tls_ca" | "tls_cert" | "tls_key" | "token_file" => true,
            "ssh" | "ssh_config" => !proxied,
            // With sudo, a shell gets these as text.
            "python" | "worker" | "chdir" => self.has("popen") && !proxied && !self.has("sudo"),
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
        // execnet keeps the variables under this name, so that a key of it is taken.
        if key == "env" || self.keys.contains_key(key) {
            return Err(SpecError::Duplicate(key.to_owned()));
        }
        self.insert(key, value.map(|value| OsStr::from_bytes(value).to_owned()));
        Ok(())
    }

    /// Sets a key, whether it is there or not; returns whether it was.
    fn insert(&mut self, key: &str, value: Option<OsString>) -> bool {
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

/// What the operating system takes as a variable.
fn is_variable(name: &str, value: &[u8]) -> bool {
    !name.is_empty() && !name.contains('\0') && !value.contains(&0)
}

/// A key, if `key` is empty, or the value of that key.
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

/// A spec of an argument of the command line, for one, in which paths of this machine may be any bytes.
impl TryFrom<&OsStr> for XSpec {
    type Error = SpecError;

    fn try_from(text: &OsStr) -> Result<Self, SpecError> {
        Self::read(text.as_bytes())
    }
}

/// The text without the values of variables, which may be secrets: [`as_str`](XSpec::as_str) has them.
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

/// As `Display`.
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
        self.text.hash(state);
    }
}

/// What [`Group::make_gateway`](crate::Group::make_gateway) takes: a text, or a spec parsed before.
pub trait IntoXSpec {
    /// The spec; none for the empty text, which stands for the group's default.
    ///
    /// # Errors
    /// When a text is no spec.
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError>;
}

impl IntoXSpec for &str {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.parse().map(Some)
    }
}

impl IntoXSpec for &String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for &XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self.clone()))
    }
}

impl IntoXSpec for XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self))
    }
}

#[cfg(test)]
mod tests {
    use core::hash::{BuildHasher as _, BuildHasherDefault};
    use std::collections::HashSet;
    use std::hash::DefaultHasher;

    use super::*;

    fn parse(text: &str) -> XSpec {
        text.parse().unwrap()
    }

    fn refused(text: &str) -> SpecError {
        text.parse::<XSpec>().unwrap_err()
    }

    #[test]
    fn values_keep_everything_after_the_first_equals_sign() {
        let spec =
            parse("socket=192.168.102.2:8888//python=c:/this/python2.5//chdir=d:\\hello//x=a=b ");
        assert_eq!(spec.get("socket"), Some("192.168.102.2:8888"));
        assert_eq!(spec.get("python"), Some("c:/this/python2.5"));
        assert_eq!(spec.get("chdir"), Some("d:\\hello"));
        assert_eq!(spec.get("x"), Some("a=b "));
        assert_eq!(spec.get("nice"), None);
    }

    #[test]
    fn a_flag_is_there_and_has_no_value() {
        let spec = parse("popen//nice=3");
        assert!(spec.has("popen"));
        assert_eq!(spec.get("popen"), None);
        assert_eq!(
            spec.keys().collect::<Vec<_>>(),
            [("nice", Some("3")), ("popen", None)]
        );
    }

    /// They were taken, and did nothing.
    #[test]
    fn known_keys_without_an_effect_are_refused() {
        let refused = |text: &str| match parse(text).check_effect() {
            Err(SpecError::Value { key, problem }) => (key, problem),
            other => panic!("{text}: {other:?}"),
        };
        let empty = "it has no value".to_owned();
        for (text, key) in [
            ("popen//python", "python"),
            ("popen//id=", "id"),
            ("popen//nice", "nice"),
            ("popen//execmodel", "execmodel"),
            ("popen//chdir=", "chdir"),
            ("popen//via", "via"),
        ] {
            assert_eq!(refused(text), (key, empty.clone()), "{text}");
        }
        for (text, key, others) in [
            ("popen//keepalive=3", "keepalive", "socket, tcp, tls"),
            ("popen//token_file=t", "token_file", "tcp, tls, unix"),
            ("popen//ssh_config=c", "ssh_config", "ssh, vagrant_ssh"),
            ("tcp=h:1//tls_ca=c", "tls_ca", "tls"),
        ] {
            let problem = format!("it goes with {others} alone");
            assert_eq!(refused(text), (key, problem), "{text}");
        }
        for text in [
            "popen//python=p//id=x//dont_write_bytecode//sudo",
            "tls=h:1//keepalive=6//tls_ca=c//token_file=t",
            "ssh=h//ssh_config=c//slurm",
            "socket//installvia=x",
        ] {
            assert_eq!(parse(text).check_effect(), Ok(()), "{text}");
        }
        let odd = XSpec::popen().python(OsStr::from_bytes(b"/p\xff"));
        assert_eq!(odd.check_effect(), Ok(()));
    }

    #[test]
    fn the_last_of_two_variables_holds() {
        let spec = parse("popen//env:A=1//env:B=x=y//env:A=2");
        assert_eq!(spec.env()["A"], "2");
        assert_eq!(spec.env()["B"], "x=y");
        assert!(!spec.has("env:A"));
    }

    #[test]
    fn what_is_no_spec_is_refused() {
        assert_eq!(refused(""), SpecError::EmptyKey);
        assert_eq!(refused("popen//"), SpecError::EmptyKey);
        assert_eq!(refused("=3"), SpecError::EmptyKey);
        assert_eq!(refused("_x=3"), SpecError::Underscore("_x".into()));
        assert_eq!(
            refused("popen//popen=123"),
            SpecError::Duplicate("popen".into())
        );
        assert_eq!(refused("popen//env=3"), SpecError::Duplicate("env".into()));
        assert_eq!(refused("popen//env:=3"), SpecError::Variable("env:".into()));
        assert_eq!(refused("popen//env:A"), SpecError::Variable("env:A".into()));
    }

    #[test]
    fn equality_hash_and_display_follow_the_text() {
        let text = "popen//chdir=a//id=x";
        assert_eq!(parse(text), parse(text));
        assert_ne!(parse(text), parse("popen//id=x//chdir=a"));
        assert_eq!(parse(text).to_string(), text);
        assert_eq!("".into_xspec(), Ok(None));
        assert_eq!(XSpec::default(), parse("popen"));
        let distinct = [text, text, "popen//id=x//chdir=a"].map(parse);
        let hash = |spec: &XSpec| BuildHasherDefault::<DefaultHasher>::default().hash_one(spec);
        assert_eq!(hash(&distinct[0]), hash(&distinct[1]));
        assert_ne!(hash(&distinct[0]), hash(&distinct[2]));
        assert_eq!(HashSet::from(distinct).len(), 2);
    }

    #[test]
    fn a_spec_is_taken_as_text_and_as_it_was_parsed() {
        let text = "popen//id=x";
        let (owned, spec) = (text.to_owned(), parse(text));
        for taken in [
            text.into_xspec(),
            (&owned).into_xspec(),
            owned.into_xspec(),
            (&spec).into_xspec(),
            spec.clone().into_xspec(),
        ] {
            assert_eq!(taken, Ok(Some(spec.clone())));
        }
        assert_eq!(String::new().into_xspec(), Ok(None));
        assert_eq!("=".into_xspec(), Err(SpecError::EmptyKey));
    }

    #[test]
    fn values_of_variables_are_not_printed() {
        let spec = parse("popen//env:TOKEN=s3cret//python=p////q");
        assert_eq!(spec.to_string(), "popen//env:TOKEN=...//python=p////q");
        assert_eq!(
            format!("{spec:?}"),
            "XSpec(popen//env:TOKEN=...//python=p////q)"
        );
        assert!(spec.as_str().contains("s3cret"));
    }

    #[test]
    fn four_slashes_in_a_value_are_two() {
        let spec = parse("popen//env:URL=http:////h/x//chdir=/a///python=p");
        assert_eq!(spec.env()["URL"], "http://h/x");
        assert_eq!(spec.get("chdir"), Some("/a/"));
        assert_eq!(spec.get("python"), Some("p"));
    }

    #[test]
    fn values_may_be_any_bytes() {
        let os = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
        let read = |bytes| XSpec::try_from(os(bytes));
        let spec = read(b"popen//python=/a\xff////b//chdir=\xfe/").unwrap();
        assert_eq!(spec.get_os("python"), Some(os(b"/a\xff//b")));
        assert_eq!(spec.get_os("chdir"), Some(os(b"\xfe/")));
        assert_eq!(spec.get("python"), None);
        assert!(spec.has("python"));
        let text = "popen//python=/a\u{fffd}////b//chdir=\u{fffd}/";
        assert_eq!((spec.as_str(), spec.to_string().as_str()), (text, text));
        let built = XSpec::popen().python(os(b"/a\xff//b")).chdir(os(b"\xfe/"));
        assert_eq!(spec, built);
        assert_ne!(spec, parse(text));
        let replaced = built.chdir("x");
        assert_eq!(replaced.get("chdir"), Some("x"));
        let replaced = replaced.with("python", "p");
        assert_eq!(replaced.os, BTreeMap::new());
        assert_eq!(replaced.get("python"), Some("p"));
        assert_eq!(replaced.get("chdir"), Some("x"));
        for (bytes, key) in [(&b"a\xff=1"[..], "a\u{fffd}"), (b"env:A=\xff", "env:A")] {
            assert_eq!(read(bytes), Err(SpecError::NotUtf8(key.into())));
        }
    }

    #[test]
    fn only_values_for_this_machine_may_be_any_bytes() {
        let check = |text: &str, key: &str| {
            let spec = parse(text).set_os(key, OsStr::from_bytes(b"/\xff"));
            spec.check_utf8()
        };
        for (text, key) in [
            ("popen", "python"),
            ("popen", "worker"),
            ("popen", "chdir"),
            ("ssh=h", "ssh"),
            ("ssh=h", "ssh_config"),
            ("tls=h:1", "tls_ca"),
            ("tls=h:1//via=a", "tls_key"),
            ("tcp=h:1//installvia=a", "token_file"),
        ] {
            assert_eq!(check(text, key), Ok(()), "{text}, {key}");
        }
        for (text, key) in [
            ("popen", "id"),
            ("popen", "nice"),
            ("popen//sudo", "python"),
            ("popen//via=a", "worker"),
            ("popen//installvia=a", "chdir"),
            ("cmd=x", "python"),
            ("ssh=h", "chdir"),
            ("ssh=h//via=a", "ssh"),
            ("ssh=h//installvia=a", "ssh_config"),
        ] {
            let refused = Err(SpecError::NotUtf8(key.into()));
            assert_eq!(check(text, key), refused, "{text}, {key}");
        }
    }

    #[test]
    fn unknown_keys_are_kept_and_found() {
        assert_eq!(parse("popen//pyhton=3").get("pyhton"), Some("3"));
        let nearest = |text: &str| match parse(text).check_keys() {
            Err(SpecError::UnknownKey { nearest, .. }) => nearest,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(nearest("popen//pyhton=3"), Some("python"));
        assert_eq!(nearest("popn"), Some("popen"));
        assert_eq!(nearest("popen//zzzzzzz"), None);
        for key in keys::TRANSPORTS.iter().chain(keys::OTHERS) {
            assert_eq!(parse(key).check_keys(), Ok(()), "{key}");
        }
    }
}
